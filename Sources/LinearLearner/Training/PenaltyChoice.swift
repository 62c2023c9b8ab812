#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which strengths of regularisation a job trains models with.
struct PenaltyChoice {
    var penalties: [Penalty]
    /// What cross-validation said of rows that its models had not seen.
    var unseenQuality: QualityTally?

    init(_ context: TrainingContext) throws(AlgorithmError) {
        let parameters = context.parameters
        let l1 = parameters.number("l1") ?? 0
        let biasFactor = parameters.number("bias_wd_mult") ?? 0
        func penalty(_ wd: Double) -> Penalty { Penalty(wd: wd, l1: l1, biasFactor: biasFactor) }
        if let wd = parameters.number("wd") {
            penalties = [penalty(wd)]
            return
        }
        let rows = context.data.train
        let row = 1 / Double(max(rows.rowCount, 1))
        let count = parameters.integer("num_models").map { min($0, 32) }
        let isScarce = CrossValidation.isWorthwhile(context)
        if context.data.validation != nil || (count ?? 1) > 1, count != 1 {
            // Decades from strong to weak; where rows are plenty the extremes cannot win.
            let (strongest, weakest) = isScarce ? (3.0, -4.0) : (0.0, -3.0)
            let count = count ?? (isScarce ? 8 : 4)
            penalties = (0..<count).map { index in
                penalty(row * pow(10, strongest + (weakest - strongest) * Double(index) / Double(max(count - 1, 1))))
            }
            return
        }
        guard l1 == 0, context.data.validation == nil, let validation = CrossValidation(context) else {
            // Where rows are plenty hardly any is needed; elsewhere a strength of one row's loss is a fair guess.
            penalties = [penalty(isScarce ? row : row / 100)]
            return
        }
        let result = try validation.run(biasFactor: biasFactor)
        penalties = [result.penalty]
        unseenQuality = result.quality
    }
}
