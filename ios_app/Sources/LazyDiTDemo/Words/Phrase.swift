/// What the app says. The raw values are the keys of its Localizable.xcstrings, which has them in every language.
public enum Phrase: String, CaseIterable, Sendable {
    case appName = "app_name"
    case benchmark

    case digit
    case label
    case seed
    case newSeed = "new_seed"
    case steps
    case policy
    case policyLazy = "policy_lazy"
    case policyAlways = "policy_always"
    case policyEveryN = "policy_every_n"
    case policySchedule = "policy_schedule"
    case laziness
    case lazinessValue = "laziness_value"
    case lazinessDescription = "laziness_description"
    case estimate
    case estimatePlain = "estimate_plain"
    case generate
    case cancel

    case loading
    case preparing
    case measuring
    case running
    case runningComparison = "running_comparison"

    case pictures
    case picturesAlone = "pictures_alone"
    case pictureCaption = "picture_caption"
    case stepCount = "step_count"
    case pictureDescription = "picture_description"
    case milliseconds
    case seconds

    case decisions
    case decisionsSummary = "decisions_summary"
    case attention
    case feedforward
    case mapHint = "map_hint"
    case mapHintUnguided = "map_hint_unguided"
    case mapDescription = "map_description"
    case cell
    case cellUnguided = "cell_unguided"
    case cellGuided = "cell_guided"
    case cellRan = "cell_ran"
    case cellReused = "cell_reused"
    case cellExtrapolated = "cell_extrapolated"
    case cellScore = "cell_score"
    case cellTime = "cell_time"

    case stepTimes = "step_times"
    case stepTimesDescription = "step_times_description"

    case rounds
    case policies
    case benchmarkAbout = "benchmark_about"
    case benchmarkStart = "benchmark_start"
    case benchmarkProgress = "benchmark_progress"
    case results
    case columnCase = "column_case"
    case columnSteps = "column_steps"
    case columnReused = "column_reused"
    case columnMedian = "column_median"
    case columnP90 = "column_p90"
    case percent
    case conditions
    case conditionsUnknown = "conditions_unknown"
    case thermalNominal = "thermal_nominal"
    case thermalFair = "thermal_fair"
    case thermalSerious = "thermal_serious"
    case thermalCritical = "thermal_critical"
    case share

    case problemNoBundle = "problem_no_bundle"
    case problemBundle = "problem_bundle"
    case problemMemory = "problem_memory"
    case problemBattery = "problem_battery"
    case problemLowPower = "problem_low_power"
    case problemGeneration = "problem_generation"
    case problemCancelled = "problem_cancelled"
    case tryAgain = "try_again"
}
