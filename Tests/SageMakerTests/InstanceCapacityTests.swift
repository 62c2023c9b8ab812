import Compute
import JSON
import Testing

@testable import SageMaker

@Suite struct InstanceCapacityTests {
    @Test(
        arguments: [
            ("ml.m5.large", 2, 8, false), ("ml.m5.24xlarge", 96, 384, false), ("ml.c5.xlarge", 4, 8, false),
            ("ml.r5.2xlarge", 8, 64, false), ("ml.t3.medium", 2, 4, false), ("ml.t3.2xlarge", 8, 32, false),
            ("ml.m5d.large", 2, 8, true), ("ml.g4dn.xlarge", 4, nil, true), ("ml.p3.2xlarge", 8, nil, false),
            ("ml.c4.large", 2, nil, false), ("ml.m7i-flex.large", 2, 8, false), ("local", nil, nil, false),
            ("ml.u.metal", nil, nil, false),
        ] as [(String, Int?, Int?, Bool)]
    )
    func `an instance type's name tells what it offers`(
        _ type: String,
        _ processors: Int?,
        _ gibibytes: Int?,
        _ hasOwnDisks: Bool
    ) {
        let capacity = InstanceCapacity(type)
        #expect(capacity.processors == processors)
        #expect(capacity.memory == gibibytes.map { $0 << 30 })
        #expect(capacity.hasOwnDisks == hasOwnDisks)
    }

    @Test func `a model has what its variant's instance type or serverless memory gives`() {
        let gibibyte = 1 << 30
        let onInstances = EndpointDeployment.Variant(["InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20])
        #expect(onInstances.limits == ContainerLimits(memory: 16 * gibibyte, processors: 4, disk: 20 * gibibyte))
        let serverless = EndpointDeployment.Variant(["ServerlessConfig": ["MemorySizeInMB": 3072, "MaxConcurrency": 5]])
        #expect(serverless.limits == ContainerLimits(memory: 3 * gibibyte, disk: 5 * gibibyte))
        let withDisks = EndpointDeployment.Variant(["InstanceType": "ml.g5.xlarge", "VolumeSizeInGB": 20])
        #expect(withDisks.limits == ContainerLimits(processors: 4))
    }
}
