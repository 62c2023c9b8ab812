import ArgumentParser
import AsyncHTTPClient
import Logging
@main struct Trainyard: AsyncParsableCommand { func run() async throws { print("x") } }
