package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.models.talk.TextModel;
import dev.lora4j.models.talk.Voice;
import dev.lora4j.models.text.DataForm;
import dev.lora4j.models.text.DataReport;
import dev.lora4j.models.text.ExampleOptions;
import dev.lora4j.models.text.Learned;
import dev.lora4j.models.text.StandardForm;
import dev.lora4j.models.text.TextData;
import dev.lora4j.models.text.TextExamples;
import dev.lora4j.models.training.Evaluation;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Examines a language model: how likely it finds what stands in a file. */
final class TextEvaluation {
  private static final int LONGEST_BLOCK = 2048;

  private final TextModel model;
  private final Path file;
  private final Optional<Integer> maxTokens;

  /**
   * @param maxTokens longer examples are cut; if not given, at the model's longest text
   */
  TextEvaluation(TextModel model, Path file, Optional<Integer> maxTokens) {
    this.model = model;
    this.file = file;
    this.maxTokens = maxTokens;
  }

  void run(int threads, boolean json) {
    TextData data = TextData.open(file);
    TextExamples examples = TextExamples.of(data, model.voice().tokenizer(), options(data.form()));
    DataReport report = examples.report();
    PrintStream story = json ? System.err : System.out;
    story.println(data.form().sentence());
    story.println(report.summary());
    report.warnings().forEach(warning -> story.println("Warning: " + warning));
    Evaluation found;
    try (Workers workers = new Workers(threads);
        Progress progress =
            new Progress(Screen.standardError(), "eval", Unit.TOKENS, report.tokens())) {
      found = Evaluation.of(model.network(), examples.examples(), workers, progress::add);
    }
    if (json) {
      JsonLine.print(System.out, root -> fill(root, found, report));
    } else {
      print(System.out, found);
    }
  }

  private ExampleOptions options(DataForm form) {
    Voice voice = model.voice();
    return new ExampleOptions(length(form), Learned.ANSWERS, voice.template());
  }

  private int length(DataForm form) {
    int longest = model.network().maxPositions();
    if (maxTokens.isEmpty()) {
      return form == StandardForm.DOCUMENT ? Math.min(LONGEST_BLOCK, longest) : longest;
    }
    int given = maxTokens.get();
    if (given < 2 || given > longest) {
      throw new UserError(
          "--max-tokens must be between 2 and the model's longest text, %d; found %d"
              .formatted(longest, given));
    }
    return given;
  }

  private static void fill(ObjectNode root, Evaluation found, DataReport report) {
    root.put("nll", found.nll());
    root.put("perplexity", found.perplexity());
    root.put("tokens", found.tokens());
    root.put("examples", found.examples());
    root.put("truncated", report.truncated());
    root.put("dropped", report.dropped());
  }

  private static void print(PrintStream out, Evaluation found) {
    out.printf(Locale.ROOT, "  %-12s %.6f%n", "nll", found.nll());
    out.printf(Locale.ROOT, "  %-12s %.4f%n", "perplexity", found.perplexity());
    out.printf("  %-12s %s%n", "tokens", Numbers.count(found.tokens()));
  }
}
