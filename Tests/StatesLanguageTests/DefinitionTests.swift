import StatesLanguage
import Testing

@Suite struct `Definitions are checked` {
    @Test(arguments: [
        ("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
        (" ", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
        (
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}"#,
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: B (did you mean 'A'?) at /States/A/Next"
        ),
        (
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true},"B":{"Type":"Succeed"}}}"#,
            #"MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B"#
        ),
        (
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}"#,
            "MISSING_END_STATE: Workflow has no terminal state"
        ),
        (
            #"{"StartAt":"A","States":{"A":{"Type":"Wait","Timestamp":"2016-12-05 21:29:29Z","End":true}}}"#,
            "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp"
        ),
        (
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","Parametres":{},"End":true}}}"#,
            "SCHEMA_VALIDATION_FAILED: Field 'Parametres' is not supported, did you mean 'Parameters'? at /States/A"
        ),
        (
            pass(#""Parameters":{"a.$":"x"}"#),
            "SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic "
                + "function call at /States/P/Parameters"
        ),
        (
            #"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"nothing","End":true}}}"#,
            "SCHEMA_VALIDATION_FAILED: The resource provided nothing is not recognized. The value is not a valid resource "
                + "ARN, or the resource is not available in this region. at /States/T/Resource"
        ),
        (
            #"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true,"TimeoutSeconds":5,"HeartbeatSeconds":5}}}"#,
            "SCHEMA_VALIDATION_FAILED: HeartbeatSeconds must be smaller than TimeoutSeconds at /States/T/HeartbeatSeconds"
        ),
        (
            #"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","ErrorPath":"$.e"}}}"#,
            "SCHEMA_VALIDATION_FAILED: Only one of these fields is allowed: [Error, ErrorPath] at /States/F"
        ),
        (
            #"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemBatcher":{},"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#,
            "SCHEMA_VALIDATION_FAILED: These fields are required: [MaxItemsPerBatch or MaxInputBytesPerBatch] at "
                + "/States/M/ItemBatcher"
        ),
        (
            #"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true,"QueryLanguage":"JSONPath"}}}"#,
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine "
                + "at /States/A"
        ),
    ])
    func `What is wrong is told with its place`(definition: String, message: String) throws {
        let error = #expect(throws: InvalidDefinition.self) { try StateMachine(parsing: definition) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        (".sync", "Express state machine does not support '.sync' service integration"),
        (".waitForTaskToken", "Express state machine does not support '.waitForTaskToken' service integration "),
    ])
    func `An Express machine cannot wait for jobs`(pattern: String, message: String) throws {
        let definition =
            #"{"StartAt":"T","States":{"T":{"Type":"Task","End":true,"Resource":"arn:aws:states:::states:startExecution\#(pattern)"}}}"#
        let error = #expect(throws: InvalidDefinition.self) { try StateMachine(parsing: definition, kind: .express) }
        #expect(error?.diagnostics == [Diagnostic("SCHEMA_VALIDATION_FAILED", message, at: "/States/T/Resource")])
    }

    @Test func `A text that is not JSON is told as AWS's parser tells it`() throws {
        let error = #expect(throws: InvalidDefinition.self) { try StateMachine(parsing: "not a definition") }
        #expect(
            error?.diagnostics.first?.message
                == "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
                + "'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]"
        )
    }
}
