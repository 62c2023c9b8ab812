// swift-tools-version:6.2
import Foundation
import PackageDescription

/// The settings every module shares: the import list shows a module's surface, and existentials are spelled out.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let orderedCollections = product(name: "OrderedCollections", package: "swift-collections")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let systemPackage = product(name: "SystemPackage", package: "swift-system")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams = product(name: "Yams", package: "Yams")
}

/// A library module with its tests in `Tests/<name>Tests`, and beside them files that tests read.
func module(
    _ name: String,
    path: String? = nil,
    _ dependencies: [Target.Dependency] = [],
    tests: [Target.Dependency]? = [],
    testFiles: [String] = []
) -> [Target] {
    var targets: [Target] = [
        .target(name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", swiftSettings: settings)
    ]
    if let tests {
        targets.append(
            .testTarget(
                name: "\(name)Tests",
                dependencies: [.byName(name: name)] + dependencies + tests,
                path: "Tests/\(name)Tests",
                exclude: testFiles,
                swiftSettings: settings
            )
        )
    }
    return targets
}

/// A service module: it knows the store, the compute layer and the AWS vocabulary, and never another service.
func service(_ name: String, _ dependencies: [Target.Dependency] = []) -> [Target] {
    module(
        name,
        path: "Sources/Services/\(name)",
        ["AWSProtocol", "JSON", "Store", .logging, .nioCore, .grdb] + dependencies,
        tests: ["ServiceTesting"]
    )
}

/// All targets, or, with `TRAINYARD_MODULE=S3,Store` in the environment, only those modules, their tests and what they
/// stand on: the quick way to work on one module.
func selected(_ targets: [Target]) -> [Target] {
    guard let wanted = ProcessInfo.processInfo.environment["TRAINYARD_MODULE"], !wanted.isEmpty else { return targets }
    var names = Set(wanted.split(separator: ",").flatMap { [String($0), "\($0)Tests"] })
    var reached = 0
    while reached != names.count {
        reached = names.count
        for target in targets where names.contains(target.name) {
            for dependency in target.dependencies {
                if case .byNameItem(let name, _) = dependency { names.insert(name) }
                if case .targetItem(let name, _) = dependency { names.insert(name) }
            }
        }
    }
    return targets.filter { names.contains($0.name) }
}

let pure: [[Target]] = [
    module("JSON", [.orderedCollections]),
    module("JSONPath", ["JSON"]),
    module("JSONata", ["JSON"]),
    module("Suggestion", tests: nil),
    module("StatesLanguage", ["JSON", "JSONPath", "JSONata", "Suggestion", .crypto]),
    module("PipelineLanguage", ["JSON", "JSONPath", "Suggestion"]),
    module("EventPattern", ["JSON"]),
    module("Archive", ["CZlib"]),
    module("RecordIO"),
    module("LinearLearner", ["JSON", "RecordIO", "Archive"]),
    module("TabularSteps", ["JSON"], testFiles: ["Golden"]),
    module("HyperparameterTuning"),
]

let foundation: [[Target]] = [
    module("AWSProtocol", ["Archive", "JSON", .crypto, .nioCore, .logging], testFiles: ["capture.py"]),
    module("Store", ["AWSProtocol", "JSON", .grdb, .nioCore, .logging], tests: ["ServiceTesting"]),
    module(
        "Compute",
        [
            "Archive", "JSON", .target(name: "CGlibc", condition: .when(platforms: [.linux])), .crypto, .logging,
            .nioCore, .nioPosix, .nioHTTP1, .subprocess, .systemPackage,
        ]
    ),
    module("OutgoingHTTP", [.asyncHTTPClient, .nioCore, .nioHTTP1], tests: nil),
]

let services: [[Target]] = [
    service("S3", [.crypto]),
    service("Lambda", ["Compute", "Archive", .crypto]),
    service("ECR", [.crypto]),
    service(
        "SageMaker",
        [
            "Compute", "Archive", "HyperparameterTuning", "LinearLearner", "PipelineLanguage", "Suggestion",
            "TabularSteps",
        ]
    ),
    service("StepFunctions", ["StatesLanguage", "Archive", "OutgoingHTTP"]),
    service("CloudFormation", ["Archive", .yams]),
    service("CloudWatch"),
    service("IAM", [.crypto]),
    service("EventBridge", ["EventPattern", "JSONPath", "OutgoingHTTP"]),
    service("EMR", ["Compute", "Archive"]),
]

let package = Package(
    name: "trainyard",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: selected(
        pure.flatMap { $0 } + foundation.flatMap { $0 } + services.flatMap { $0 } + [
            .systemLibrary(name: "CGlibc", path: "Sources/CGlibc"),
            .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
            .target(
                name: "ServiceTesting",
                dependencies: ["AWSProtocol", "JSON", "Store", .nioCore, .logging],
                path: "Tests/ServiceTesting",
                swiftSettings: settings
            ),
        ]
            + module(
                "Yard",
                [
                    "AWSProtocol", "Compute", "JSON", "Store", "S3", "Lambda", "ECR", "SageMaker", "StepFunctions",
                    "CloudFormation", "CloudWatch", "EMR", "EventBridge", "IAM", .httpTypes, .hummingbirdCore, .logging,
                    .metrics, .nioCore, .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioPosix, .serviceLifecycle,
                ],
                tests: [.asyncHTTPClient]
            )
            + module(
                "Project",
                ["AWSProtocol", "Archive", "CloudFormation", "JSON", .crypto, .nioCore, .subprocess],
                tests: ["ServiceTesting"]
            )
            + [
                .executableTarget(
                    name: "trainyard",
                    dependencies: [
                        "AWSProtocol", "Archive", "Compute", "JSON", "TabularSteps", "LinearLearner", "Project", "Yard",
                        "Store", .target(name: "CGlibc", condition: .when(platforms: [.linux])), .argumentParser,
                        .asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .serviceLifecycle, .unixSignals,
                    ],
                    path: "Sources/trainyard",
                    swiftSettings: settings,
                    linkerSettings: [
                        // A static Swift program has 140,000 relocations and as many exported names: without them it starts
                        // in half the time and idles with a fifth less memory.
                        .unsafeFlags(
                            ["-Xclang-linker", "-no-pie", "-Xlinker", "--no-export-dynamic"],
                            .when(platforms: [.linux], configuration: .release)
                        )
                    ]
                )
            ]
    )
)
