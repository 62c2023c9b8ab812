import Archive
import Foundation
import Testing

@testable import LinearLearner

@Suite struct ModelTests {
    @Test func `a model that SageMaker trained answers as SageMaker does`() throws {
        let archive = try #require(Data(base64Encoded: AmazonModel.archive))
        let model = try LinearModel(archive: Array(archive))
        #expect(model.predictorType == .binaryClassifier)
        #expect(model.featureCount == 14)
        #expect(model.threshold == 0.46301859617233276)
        let rows = AmazonModel.predictions.split(separator: "\n")
        #expect(rows.count == 334)
        for row in rows {
            let cells = row.split(separator: ",").compactMap { Double($0) }
            let prediction = model.predict(cells.prefix(14).map { Float($0) })
            #expect(abs(Double(prediction.scores[0]) - cells[14]) < 1e-6)
            #expect(prediction.label == Int(cells[15]))
        }
    }

    @Test(arguments: [LinearModel.PredictorType.regressor, .binaryClassifier, .multiclassClassifier])
    func `an artefact holds the model`(type: LinearModel.PredictorType) throws {
        let scores = type == .multiclassClassifier ? 3 : 1
        let model = LinearModel(
            predictorType: type,
            lossType: "x",
            featureCount: 2,
            scoreCount: scores,
            weights: (0..<2 * scores).map { Float($0) / 7 },
            bias: (0..<scores).map { Float($0) - 0.5 },
            threshold: 0.25
        )
        let archive = try model.archive()
        #expect(try LinearModel(archive: archive) == model)
        #expect(try LinearModel(modelTarGzip: TarGzip.archive([("model_algo-1", archive)])) == model)
    }

    @Test func `our artefact has the members of SageMaker's`() throws {
        let theirs = try ZipReader(bytes: Array(try #require(Data(base64Encoded: AmazonModel.archive))))
        let model = try LinearModel(archive: Array(try #require(Data(base64Encoded: AmazonModel.archive))))
        let ours = try ZipReader(bytes: model.archive())
        #expect(ours.entries.map(\.path) == theirs.entries.map(\.path))
        for name in ["manifest.json", "mx-mod-0000.params"] {
            #expect(try ours.contents(of: name) == theirs.contents(of: name))
        }
    }

    @Test func `damaged artefacts are refused`() throws {
        let archive = Array(try #require(Data(base64Encoded: AmazonModel.archive)))
        let parameters = try ZipReader(bytes: archive).contents(of: "mx-mod-0000.params")
        for count in 0..<parameters.count {
            #expect(throws: AlgorithmError.self) { try MXNetArray.parse(Array(parameters[..<count])) }
        }
        #expect(throws: AlgorithmError.self) { try LinearModel(archive: [1, 2, 3]) }
        #expect(throws: AlgorithmError.self) { try LinearModel(modelTarGzip: TarGzip.archive([("other", [1])])) }
    }
}
