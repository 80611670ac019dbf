package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.DataReport;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.LossOn;
import dev.lora4j.llm.dataset.StandardFormat;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.TextExamples;
import dev.lora4j.llm.train.Evaluation;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;

/**
 * Evaluates a language model on the examples of a text file.
 *
 * @param maxTokens maximum sequence length; by default the limit of the model
 */
public record TextEvaluation(ChatModel model, TextData data, Optional<Integer> maxTokens) {
  private static final int LONGEST_BLOCK = 2048;

  public void run(int threads, OutputFormat output) {
    ChatFormat format = model.format();
    ExampleOptions options =
        new ExampleOptions(length(data.form()), LossOn.ANSWERS, format.template());
    TextExamples examples = TextExamples.of(data, format.tokenizer(), options);
    DataReport report = examples.report();
    PrintStream messages = output.messages();
    if (data.splits().names().size() > 1) {
      messages.println(data.name());
    }
    messages.println(data.form().sentence());
    messages.println(report.summary());
    report.warnings().forEach(warning -> messages.println("Warning: " + warning));
    Evaluation evaluation;
    try (Workers workers = new Workers(threads);
        Progress progress = new Progress("eval", Unit.TOKENS, report.tokens())) {
      evaluation = Evaluation.of(model.network(), examples.examples(), workers, progress::add);
    }
    output.show(root -> fill(root, evaluation, report), out -> print(out, evaluation));
  }

  private int length(DataFormat form) {
    int longest = model.network().maxPositions();
    if (maxTokens.isEmpty()) {
      return form == StandardFormat.DOCUMENT ? Math.min(LONGEST_BLOCK, longest) : longest;
    }
    int given = maxTokens.get();
    if (given < 2 || given > longest) {
      throw new UserError(
          "--max-seq-length must be between 2 and the limit of the model, %d; evaluation %d"
              .formatted(longest, given));
    }
    return given;
  }

  private static void fill(ObjectNode root, Evaluation evaluation, DataReport report) {
    root.put("nll", evaluation.nll());
    root.put("perplexity", evaluation.perplexity());
    root.put("tokens", evaluation.tokens());
    root.put("examples", evaluation.examples());
    root.put("truncated", report.truncated());
    root.put("dropped", report.dropped());
  }

  private static void print(PrintStream out, Evaluation evaluation) {
    out.printf(Locale.ROOT, "  %-12s %.6f%n", "nll", evaluation.nll());
    out.printf(Locale.ROOT, "  %-12s %.4f%n", "perplexity", evaluation.perplexity());
    out.printf("  %-12s %s%n", "tokens", NumberFormats.count(evaluation.tokens()));
  }
}
