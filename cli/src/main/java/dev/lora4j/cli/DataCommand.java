package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.models.gguf.ModelFiles;
import dev.lora4j.models.text.ChatTemplate;
import dev.lora4j.models.text.DataForm;
import dev.lora4j.models.text.DataReport;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.ExampleGroups;
import dev.lora4j.models.text.ExampleOptions;
import dev.lora4j.models.text.Learned;
import dev.lora4j.models.text.LossView;
import dev.lora4j.models.text.TextData;
import dev.lora4j.models.text.Tokenizer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what training makes of a file, before hours are spent on it. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Shows what training makes of a file of texts: its form, how many examples, and some of them"
          + " with the tokens that carry loss in colour, or between ⟦ and ⟧.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora data chats.jsonl --model SmolLM2-135M-Instruct",
      "  lora data chats.jsonl --model SmolLM2-135M-Instruct --show 10 --color always | less -R"
    })
final class DataCommand implements Callable<Integer> {
  /** Whether learned tokens are shown in colour. */
  enum Colour {
    AUTO,
    ALWAYS,
    NEVER
  }

  @Parameters(
      paramLabel = "FILE",
      description = "A jsonl, json, csv, tsv, parquet or txt file.",
      showDefaultValue = Visibility.NEVER)
  private Path file = Path.of("");

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description =
          "Whose tokenizer and chat template count: a directory as Hugging Face lays it out, a"
              + " GGUF file, or org/name[@revision] on the Hub.")
  private String model = "";

  @Option(names = "--show", paramLabel = "N", description = "So many examples, from the first on.")
  private int show = 3;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Longer examples are cut.")
  private int maxTokens = 512;

  @Option(
      names = {"--color", "--colour"},
      paramLabel = "WHEN",
      description = "auto (on a terminal), always or never.")
  private Colour colour = Colour.AUTO;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private record Found(DataForm form, ExampleGroups made) {
    List<Example> examples() {
      return made.examples();
    }

    DataReport report() {
      return made.report();
    }
  }

  @Override
  public Integer call() {
    if (show < 0 || maxTokens < 2) {
      throw new UserError(
          "--show must be at least 0 and --max-tokens at least 2; found %d and %d"
              .formatted(show, maxTokens));
    }
    ModelFiles files = ModelFiles.at(References.resolve(model));
    try (Tokenizer tokenizer = Tokenizer.load(files)) {
      Found found = read(TextData.open(file), files, tokenizer);
      if (json) {
        JsonLine.print(System.out, root -> fill(root, found, tokenizer));
      } else {
        print(System.out, found, tokenizer);
      }
    }
    return 0;
  }

  private Found read(TextData data, ModelFiles files, Tokenizer tokenizer) {
    ExampleOptions options =
        new ExampleOptions(
            maxTokens, Learned.ANSWERS, ChatTemplate.load(files, tokenizer.special()));
    return new Found(data.form(), ExampleGroups.of(data, tokenizer, options));
  }

  private List<Example> shown(Found found) {
    return found.examples().subList(0, Math.min(show, found.examples().size()));
  }

  // ---- for people ----

  private void print(PrintStream out, Found found, Tokenizer tokenizer) {
    out.println(found.form().sentence());
    out.println(found.report().summary());
    int[] lengths = found.examples().stream().mapToInt(Example::length).sorted().toArray();
    out.printf(
        Locale.ROOT,
        "lengths: %,d to %,d tokens, half of them up to %,d%n",
        lengths[0],
        lengths[lengths.length - 1],
        lengths[lengths.length / 2]);
    found.report().warnings().forEach(warning -> out.println("Warning: " + warning));
    LossView view = inColour() ? LossView.inColour(tokenizer) : LossView.withMarks(tokenizer);
    List<Example> shown = shown(found);
    for (int i = 0; i < shown.size(); i++) {
      out.println();
      out.println("── " + nameOf(found, i) + " ──");
      out.println(view.show(shown.get(i)));
    }
  }

  private static String nameOf(Found found, int index) {
    int size = found.made().groups().get(0).size();
    return found.form().nameOf(index / size + 1, index % size);
  }

  private boolean inColour() {
    return switch (colour) {
      case ALWAYS -> true;
      case NEVER -> false;
      case AUTO -> Screen.standardError().terminal() && System.getenv("NO_COLOR") == null;
    };
  }

  // ---- for machines ----

  private void fill(ObjectNode root, Found found, Tokenizer tokenizer) {
    DataReport report = found.report();
    root.put("form", found.form().word());
    root.put("rows", report.rows());
    root.put("examples", report.examples());
    root.put("tokens", report.tokens());
    root.put("loss_tokens", report.lossTokens());
    root.put("truncated", report.truncated());
    root.put("dropped", report.dropped());
    root.put("ends_added", report.endsAdded());
    root.put("seams", report.seams());
    root.put("divided", report.divided());
    report.warnings().forEach(root.putArray("warnings")::add);
    root.putArray("shown");
    for (Example example : shown(found)) {
      ObjectNode node = root.withArray("shown").addObject();
      node.put("text", tokenizer.decode(example.tokens()));
      node.putArray("tokens");
      node.putArray("loss");
      for (int i = 0; i < example.length(); i++) {
        node.withArray("tokens").add(example.token(i));
        node.withArray("loss").add(example.carriesLoss(i));
      }
    }
  }
}
