package dev.lora4j.cli.runs;

import dev.lora4j.llm.metrics.RunFigures;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A training run so far.
 *
 * @param name its directory as given
 * @param settings its options by name
 * @param data digest of its tokenized data
 * @param figures losses and time
 * @param totalSteps steps of the whole run
 * @param adapterBytes size of the saved adapter; empty before the end of the run
 */
public record RunSummary(
    String name,
    Map<String, String> settings,
    String data,
    RunFigures figures,
    long totalSteps,
    OptionalLong adapterBytes) {}
