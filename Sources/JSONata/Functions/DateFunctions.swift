/// Time: [date and time functions](https://docs.jsonata.org/date-time-functions).
enum DateFunctions {
    static let all: [NativeFunction] = [
        .make("now", "<s?s?:s>", arity: 2) { (arguments, site) throws(JSONataError) in
            let now = Double(site.evaluator.environment.milliseconds)
            return .string(try picture(arguments.string(0), site).format(now, zone: arguments.string(1)))
        },
        .make("millis", "<:n>", arity: 0) { (_, site) throws(JSONataError) in
            .number(Double(site.evaluator.environment.milliseconds))
        },
        .make("fromMillis", "<n-s?s?:s>", arity: 3) { (arguments, site) throws(JSONataError) in
            guard let moment = arguments.number(0) else { return .undefined }
            return .string(try picture(arguments.string(1), site).format(moment, zone: arguments.string(2)))
        },
        .make("toMillis", "<s-s?:n>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            guard let format = arguments.string(1) else {
                guard let moment = ISO8601.milliseconds(text) else {
                    throw JSONataError("D3110", value: Text.quoted(text))
                }
                return .number(moment)
            }
            let now = Double(site.evaluator.environment.milliseconds)
            return try picture(format, site).parse(text, now: now).map { .number($0) } ?? .undefined
        },
    ]

    private static func picture(
        _ text: String?,
        _ site: NativeFunction.Site
    ) throws(JSONataError) -> DatePicture {
        let text = text ?? DatePicture.standard
        if let known = site.evaluator.datePictures[text] { return known }
        let picture = try DatePicture(text)
        site.evaluator.datePictures[text] = picture
        return picture
    }
}
