package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleGroups;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.StandardFormat;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.TextExamples;
import dev.lora4j.llm.gate.AdapterGate;
import dev.lora4j.llm.gate.GateData;
import dev.lora4j.llm.gate.GateFinding;
import dev.lora4j.llm.gate.GateLimits;
import dev.lora4j.llm.gate.GateVerdict;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Judges the one adapter of a model by the gate, and shows the verdict.
 *
 * @param heldOut held-out data of the adapter's task
 * @param general general texts, to measure forgetting
 */
public record TextGate(
    ChatModel model,
    TextData heldOut,
    Optional<Path> general,
    GateLimits limits,
    Optional<Integer> maxTokens) {
  private static final int MAX_TOKENS = 2048;
  private static final int GENERAL_TOKENS = 512;

  /** Returns whether the adapter passes. */
  public boolean run(int threads, OutputFormat output) {
    List<String> names = model.adapterNames();
    if (names.size() != 1) {
      throw new UserError("--gate judges one adapter: give one --adapter, not " + names.size());
    }
    GateData data = GateData.of(groups(names), generalExamples());
    GateVerdict verdict;
    try (Workers workers = new Workers(threads)) {
      verdict = new AdapterGate(model, names.get(0), limits, workers).judge(data);
    }
    output.show(verdict::fill, out -> print(out, verdict));
    return verdict.passed();
  }

  private List<List<Example>> groups(List<String> adapter) {
    List<DataFormat> forms = new ArrayList<>(StandardFormat.TEXTS);
    forms.add(StandardFormat.PREFERENCE);
    ChatFormat format = model.format(adapter);
    int longest = Math.min(MAX_TOKENS, model.network().maxPositions());
    return ExampleGroups.of(
            heldOut.readAs(forms), format.tokenizer(), options(format, maxTokens.orElse(longest)))
        .groups();
  }

  private List<Example> generalExamples() {
    ChatFormat format = model.format(List.of());
    int longest = Math.min(GENERAL_TOKENS, model.network().maxPositions());
    return general
        .map(TextData::open)
        .map(data -> TextExamples.of(data, format.tokenizer(), options(format, longest)).examples())
        .orElse(List.of());
  }

  private static ExampleOptions options(ChatFormat format, int maxTokens) {
    ExampleOptions options = ExampleOptions.ofLength(maxTokens);
    return format.template().map(options::with).orElse(options);
  }

  private static void print(PrintStream out, GateVerdict verdict) {
    for (GateFinding finding : verdict.findings()) {
      out.printf(
          "  %-4s %-14s %s%n",
          finding.passed() ? "ok" : "FAIL", finding.check().word(), finding.reason());
    }
    out.println(verdict.passed() ? "The adapter passes the gate." : "The adapter fails the gate.");
  }
}
