package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.ChatTemplateOption;
import dev.lora4j.cli.options.ColumnOptions;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.show.Screen;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.DataReport;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleGroups;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.LabelView;
import dev.lora4j.llm.dataset.LossOn;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows how a training file is read and tokenised. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    header = {"Show how a training file is read and tokenised.", ""},
    description = {
      "",
      "Shows the data format, the number of examples, and the first examples. Loss tokens"
          + " are coloured, or enclosed in ⟦ and ⟧.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora data chats.jsonl --model SmolLM2-135M-Instruct",
      "  lora data chats.jsonl --model SmolLM2-135M-Instruct --show 10 --color always | less -R"
    })
final class DataCommand implements Callable<Integer> {
  /** When to colour the loss tokens. */
  enum Colour {
    AUTO,
    ALWAYS,
    NEVER
  }

  @Parameters(
      paramLabel = "FILE",
      description = "Data: a jsonl, json, csv, tsv, parquet or txt file.")
  private Path file = Path.of("");

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description =
          "Model whose tokenizer and chat template are used: Hugging Face directory, GGUF file, or"
              + " org/name[@revision] on the Hub.")
  private String model = "";

  @Option(names = "--show", paramLabel = "N", description = "Number of examples to show" + DEFAULT)
  @Range(from = 0)
  private int show = 3;

  @Option(
      names = "--max-seq-length",
      paramLabel = "N",
      description = "Maximum sequence length in tokens; longer examples are truncated" + DEFAULT)
  @Range(from = 2, to = Range.MANY)
  private int maxTokens = 512;

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      description = "Colour: auto (on a terminal), always or never (default: auto).")
  private Colour colour = Colour.AUTO;

  @Mixin private ChatTemplateOption chatTemplate = new ChatTemplateOption();

  @Mixin private ColumnOptions columns = new ColumnOptions();

  @Mixin private OutputFormat output = new OutputFormat();

  /** The examples of a file, in which a pair is two examples. */
  private record Tokenized(TextData data, ExampleGroups made) {
    DataFormat form() {
      return data.form();
    }

    List<Example> examples() {
      return made.examples();
    }

    DataReport report() {
      return made.report();
    }
  }

  @Override
  public Integer call() {
    ModelFiles files = chatTemplate.files(References.resolve(model));
    files.warnings().forEach(warning -> output.messages().println("Warning: " + warning));
    try (Tokenizer tokenizer = Tokenizer.load(files)) {
      Tokenized tokenized = read(TextData.open(file, columns.options()), files, tokenizer);
      output.show(
          root -> fill(root, tokenized, tokenizer), out -> print(out, tokenized, tokenizer));
    }
    return 0;
  }

  private Tokenized read(TextData data, ModelFiles files, Tokenizer tokenizer) {
    ExampleOptions options =
        new ExampleOptions(
            maxTokens, LossOn.ANSWERS, ChatTemplate.load(files, tokenizer.special()));
    return new Tokenized(data, ExampleGroups.of(data, tokenizer, options));
  }

  private List<Example> shown(Tokenized tokenized) {
    return tokenized.examples().subList(0, Math.min(show, tokenized.examples().size()));
  }

  private void print(PrintStream out, Tokenized tokenized, Tokenizer tokenizer) {
    if (tokenized.data().splits().names().size() > 1) {
      out.println(tokenized.data().name());
    }
    out.println(tokenized.form().sentence());
    out.println(tokenized.report().summary());
    int[] lengths = tokenized.examples().stream().mapToInt(Example::length).sorted().toArray();
    out.printf(
        Locale.ROOT,
        "Sequence length: %,d to %,d tokens, median %,d%n",
        lengths[0],
        lengths[lengths.length - 1],
        lengths[lengths.length / 2]);
    tokenized.report().warnings().forEach(warning -> out.println("Warning: " + warning));
    LabelView view = inColour() ? LabelView.inColour(tokenizer) : LabelView.withMarks(tokenizer);
    List<Example> shown = shown(tokenized);
    for (int i = 0; i < shown.size(); i++) {
      out.println();
      out.println("── " + nameOf(tokenized, i) + " ──");
      out.println(view.show(shown.get(i)));
    }
  }

  private static String nameOf(Tokenized tokenized, int index) {
    int size = tokenized.made().groups().get(0).size();
    return tokenized.form().nameOf(index / size + 1, index % size);
  }

  private boolean inColour() {
    return switch (colour) {
      case ALWAYS -> true;
      case NEVER -> false;
      case AUTO -> Screen.standardError().terminal() && System.getenv("NO_COLOR") == null;
    };
  }

  private void fill(ObjectNode root, Tokenized tokenized, Tokenizer tokenizer) {
    DataReport report = tokenized.report();
    root.put("form", tokenized.form().word());
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
    for (Example example : shown(tokenized)) {
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
