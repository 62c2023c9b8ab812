import AWSProtocol
import GRDB
import JSON

extension SageMakerService {
    /// A model's document as it is served, whatever becomes of what it names later.
    static func servable(_ model: ResourceRecord, in db: Database) throws -> JSON.Object {
        model.document
    }
}
