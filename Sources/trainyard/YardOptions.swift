public import ArgumentParser
import AWSProtocol
public import Store
import Yard

/// What the commands that open a yard have in common.
struct YardOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory that holds the yard's state.", valueName: "directory"))
    var dataDir = ".trainyard"

    @Option(help: ArgumentHelp("The region of callers that name none.", valueName: "region"))
    var region = "us-east-1"

    @Option(help: ArgumentHelp("The account of the access key 'test': twelve digits.", valueName: "account"))
    var account = "000000000000"

    @Option(
        help: ArgumentHelp(
            "When an answered call is on disk: 'full' before the answer, 'relaxed' soon after (a power cut may lose it).",
            valueName: "level"
        )
    )
    var durability = Durability.full

    @Option(
        help: ArgumentHelp(
            "The Python that functions and jobs run on. Without it TRAINYARD_PYTHON, else python3.",
            valueName: "path"
        )
    )
    var python: String?

    @Option(
        help: ArgumentHelp(
            "Where images run: container, image or process. Without it TRAINYARD_RUNTIME, else the first that works.",
            valueName: "runtime"
        )
    )
    var runtime: String?

    @Option(
        help: ArgumentHelp(
            "What state machines' Waits and pauses before retries are multiplied with; 0 passes them at once.",
            valueName: "factor"
        )
    )
    var timeScale = 1.0

    @Option(
        help: ArgumentHelp(
            "A MockConfigFile.json, as of AWS Step Functions Local, that mocks tasks. Without it SFN_MOCK_CONFIG.",
            valueName: "file"
        )
    )
    var stepFunctionsMockConfig: String?

    @Option(
        help: ArgumentHelp(
            "How long an endpoint's containers wait for a request before they are stopped until the next one; 0: for ever.",
            valueName: "seconds"
        )
    )
    var endpointIdle = 900

    @Option(
        help: ArgumentHelp(
            "The longest that a model's container is waited for until it answers /ping. Without it as long as AWS waits.",
            valueName: "seconds"
        )
    )
    var modelStartup: Int?

    @Flag(
        help: ArgumentHelp(
            "Refuse models whose data are not in S3, as AWS does. Without this they are warned of, and what serves them fails."
        )
    )
    var requireModelData = false

    func validate() throws {
        guard endpointIdle >= 0 else {
            throw ValidationError("'\(endpointIdle)' is no time: give 0 or more seconds to --endpoint-idle.")
        }
        guard modelStartup.map({ $0 > 0 }) ?? true else {
            throw ValidationError("'\(modelStartup ?? 0)' is no time: give 1 or more seconds to --model-startup.")
        }
        guard timeScale >= 0, timeScale.isFinite else {
            throw ValidationError("'\(timeScale)' is no factor: give 0 or more to --time-scale.")
        }
        guard runtime.map({ ["container", "image", "process"].contains($0) }) ?? true else {
            throw ValidationError("'\(runtime ?? "")' is no runtime: give container, image or process to --runtime.")
        }
        guard account.count == 12, account.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw ValidationError("'\(account)' is not an account: give twelve digits to --account.")
        }
        let isRegion = region.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
        guard isRegion, region.contains("-") else {
            throw ValidationError("'\(region)' is not a region: give one such as eu-west-1 to --region.")
        }
    }

    func configuration(host: String = "127.0.0.1", port: Int) -> YardConfiguration {
        YardConfiguration(
            dataDirectory: dataDir,
            host: host,
            port: port,
            region: region,
            account: account,
            durability: durability,
            python: python,
            runtime: runtime,
            timeScale: timeScale,
            stepFunctionsMocks: stepFunctionsMockConfig,
            endpointIdleTime: endpointIdle == 0 ? nil : .seconds(endpointIdle),
            modelStartup: modelStartup.map { .seconds($0) },
            requiresModelData: requireModelData,
            isProgram: true
        )
    }
}

extension Durability: ExpressibleByArgument {}
