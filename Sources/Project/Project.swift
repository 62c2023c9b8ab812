import CloudFormation
import Foundation
public import JSON

/// A project on disk: a folder with a `template.yaml` (AWS SAM or CloudFormation) and what it refers to.
public struct Project: Sendable {
    /// The folder, without a slash at its end.
    public var directory: String
    /// The stack's name: the folder's, in the letters CloudFormation allows.
    public var name: String
    /// The template with YAML's short forms written out.
    public var template: JSON
    /// What to do once the stack stands.
    public var plan: RunPlan
    /// `requirements.txt`, where the project has one.
    public var requirements: String?

    /// Reads the project in `directory`.
    /// - Throws: `ProjectError` where there is no template or it cannot be read.
    public init(directory: String) throws {
        let path = URL(filePath: directory).standardizedFileURL.path(percentEncoded: false)
        let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let candidates = ["template.yaml", "template.yml", "template.json"].map { folder + "/" + $0 }
        guard let file = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw ProjectError("\(folder) holds no template.yaml: give the folder of a SAM or CloudFormation project")
        }
        self.directory = folder
        name = Self.stackName(for: (folder as NSString).lastPathComponent)
        template = try Self.parse(file)
        plan = try RunPlan(template: template)
        let requirements = folder + "/requirements.txt"
        self.requirements = FileManager.default.fileExists(atPath: requirements) ? requirements : nil
    }

    /// A path of the template, which is relative to the template's folder.
    public func path(of path: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }

    private static func parse(_ path: String) throws -> JSON {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ProjectError("Cannot read \(path): \(error.localizedDescription)")
        }
        do {
            return try TemplateText.parse(text)
        } catch {
            throw ProjectError("\(path): \(error)")
        }
    }

    /// Letters, digits and hyphens, a letter first, at most 128: CloudFormation's rule for stack names.
    static func stackName(for folder: String) -> String {
        let letters = folder.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let name = String(letters.drop { !$0.isLetter }.prefix(128))
        return name.isEmpty ? "project" : name
    }
}

/// A project that cannot be run as it is; says what to mend.
public struct ProjectError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
