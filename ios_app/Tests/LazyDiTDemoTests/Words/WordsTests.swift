import Foundation
import LazyDiTBenchmark
import Testing

@testable import LazyDiT
@testable import LazyDiTDemo

@Suite struct WordsTests {
    private let english: Words
    private let german: Words

    init() throws {
        english = try .inLanguage("en")
        german = try .inLanguage("de")
    }

    @Test func durationsHaveTwoOrThreeDigits() {
        let durations = [0.42, 9.94, 9.96, 123.4, 999.4, 999.6, 12_345]
        #expect(
            durations.map(english.duration) == ["0.4 ms", "9.9 ms", "10 ms", "123 ms", "999 ms", "1.0 s", "12.3 s"])
        #expect(german.duration(1234) == "1,2 s")
    }

    @Test func progressSaysWhatIsUnderWay() {
        let work: [Work] = [
            .idle, .cancelled, .loading, .preparing(share: 0.4), .measuring,
            .running(step: 3, steps: 20, comparison: false), .running(step: 1, steps: 15, comparison: true),
        ]
        #expect(
            work.map(english.work) == [
                nil, nil, "Loading the model…", "Preparing the model for this device… 40 %",
                "Measuring how fast this device is…", "Step 3 of 20", "Plain DDIM for comparison: step 1 of 15",
            ])
        #expect(work.map(\.share) == [nil, nil, nil, 0.4, nil, 0.15, 1.0 / 15])
    }

    @Test func estimatesNamePlainDDIMOnlyWhereItIsAnother() {
        #expect(
            english.estimate(Estimate(imageMs: 53, plainMs: 67)) == "About 53 ms here; plain DDIM about 67 ms")
        #expect(english.estimate(Estimate(imageMs: 67, plainMs: 67)) == "About 67 ms here")
        #expect(german.laziness(0.3) == "30 % wiederverwendet")
    }

    @Test func aCellIsToldByItsPlaceItsDecisionsScoresAndTimes() {
        let trace = Trace.made(steps: 8, blocks: 3, score: 0.69) { _, module in module == 4 }
        #expect(
            english.cell(Cell(step: 7, module: 4), in: trace)
                == "Attention, block 3, step 8; with the class: run, score 0.690, 1.0 ms; without: run, score 0.690, 1.0 ms"
        )
        #expect(
            german.cell(Cell(step: 0, module: 1), in: trace)
                == "Feedforward, Block 1, Schritt 1; mit der Klasse: wiederverwendet, Wert 0,690, 1,0 ms; ohne: wiederverwendet, Wert 0,690, 1,0 ms"
        )
        let unguided = Trace.made(steps: 1, blocks: 1, samples: 1) { _, _ in false }
        #expect(english.cell(Cell(step: 0, module: 0), in: unguided) == "Attention, block 1, step 1: reused, 1.0 ms")
    }

    @Test func aBenchmarksCellsAreSpokenWithTheirHeadings() throws {
        let images = [40.0, 44, 42].map { TimedImage(timings: .made(totalMs: $0), lazyRatio: 0.3) }
        let row = BenchmarkRow(
            Timed(.always(10), images: images), plainMs: [:], engine: "native", precision: "fp32")
        #expect(english.cells(row) == ["always", "10", "30 %", "42 ms", "44 ms"])
        #expect(
            english.spokenCells(row) == ["Policy, always", "Steps, 10", "Reused, 30 %", "Median, 42 ms", "90 %, 44 ms"])
    }

    @Test func withoutACellTheMapIsExplained() {
        let guided = Trace.made(steps: 1, blocks: 1) { _, _ in true }
        let unguided = Trace.made(steps: 1, blocks: 1, samples: 1) { _, _ in true }
        #expect(english.cell(nil, in: guided).contains("Upper half of a cell: with the class"))
        #expect(!english.cell(nil, in: unguided).contains("half"))
    }

    @Test func voiceOverHearsWhatIsDrawn() {
        let trace = Trace.made(steps: 8, blocks: 3) { _, _ in true }
        #expect(
            english.mapDescription(DecisionPanel(trace, .feedforward, width: 100))
                == "Map of decisions, Feedforward: 8 steps, 3 blocks")
        #expect(
            english.stepTimesDescription([4, 2, 3.5])
                == "Time per step: 3 steps, from 2.0 ms to 4.0 ms, median 3.5 ms")
    }

    @Test func oneStepIsNotSteps() {
        #expect([1, 2].map { english(.stepCount, $0) } == ["1 step", "2 steps"])
        #expect([1, 2].map { german(.stepCount, $0) } == ["1 Schritt", "2 Schritte"])
    }

    @Test func problemsSayWhatIsWrongAndWhatToDo() {
        #expect(
            english.problem(.notEnoughMemory(neededBytes: 123_456_789, freeBytes: 1_000_000))
                == "Not enough memory: the model needs 123\u{A0}MB, and 1\u{A0}MB are free. Close other apps and try again."
        )
        #expect(english.problem(.badBundle(sentence: "it is not.")) == "The model cannot be used: it is not.")
        #expect(english.problem(.generationFailed(sentence: "100 %@ no.")) == "This did not work: 100 %@ no.")
        #expect(german.problem(.lowBattery(percent: 9)).hasPrefix("Der Akku steht bei 9 %, und"))
        #expect(german.problem(.noBundle).hasPrefix("Diese App enthält kein Modell."))
        #expect(english.problem(.lowPowerMode).hasPrefix("Low Power Mode is on"))
    }

    @Test func theConditionsOfARoundAreToldAsFarAsTheyAreKnown() {
        let warm = DeviceCondition(thermalState: .serious, batteryPercent: 80, plugged: true, lowPowerMode: false)
        let unknown = DeviceCondition(thermalState: nil, batteryPercent: nil, plugged: nil, lowPowerMode: false)
        #expect(english.conditions(warm) == "Battery 80 %, heat: serious")
        #expect(german.conditions(unknown) == "Akku unbekannt, Wärme: unbekannt")
    }
}
