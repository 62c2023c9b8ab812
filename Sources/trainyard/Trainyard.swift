import ArgumentParser
import AsyncHTTPClient
import Logging
import Yams
@main struct Trainyard: AsyncParsableCommand { func run() async throws { print("x") } }
