package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterChoices;
import dev.lora4j.cli.options.ChatTemplateOption;
import dev.lora4j.cli.options.ColumnOptions;
import dev.lora4j.cli.options.GateLimitOptions;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.report.TestScore;
import dev.lora4j.cli.train.ExampleDataOptions;
import dev.lora4j.cli.train.ExampleTraining;
import dev.lora4j.cli.train.Examples;
import dev.lora4j.cli.train.TaskEvaluation;
import dev.lora4j.cli.train.TaskOptions;
import dev.lora4j.cli.train.TextEvaluation;
import dev.lora4j.cli.train.TextGate;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.predict.AdaptedTask;
import dev.lora4j.llm.task.predict.TaskDescription;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.torchscript.TorchScriptModel;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates a saved model, with or without adapters. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    header = {"Evaluate a model, with or without adapters.", ""},
    description = {
      "",
      "For a language model, reports the mean negative log-likelihood (nll) of the loss tokens,"
          + " and the perplexity. For an adapter of a task on texts, reports the task's metrics,"
          + " such as accuracy, F1 and the confusion matrix. For a TorchScript file, reports the"
          + " accuracy per class, or the error of a regression.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora eval --model net.pt --adapter my-adapter --data my-images",
      "  lora eval --model SmolLM2-135M --adapter bard --data held-out.jsonl --json",
      "  lora eval --model all-MiniLM-L6-v2 --adapter tickets --data test.csv --json",
      "  lora eval --model all-MiniLM-L6-v2 --adapter tickets --data test.csv --report test.html",
      "  lora eval --model SmolLM2-135M --adapter bard --data held-out.jsonl --gate general.jsonl"
    })
final class EvalCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = {
        "Language model: Hugging Face directory, GGUF file, or org/name[@revision] on the Hub.",
        "Or a TorchScript file, which is a program: use only trusted files."
      })
  private String model = "";

  @Mixin private AdapterChoices adapters = new AdapterChoices();

  @Mixin private WeightOptions weights = new WeightOptions();

  @Mixin private ChatTemplateOption chatTemplate = new ChatTemplateOption();

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      description = {
        "Texts: jsonl, json, csv, tsv, parquet or txt file.",
        "Images: folder or zip of {train,test}/{class}/*.{jpg,png}.",
        "Tables: folder with {train,test}.{csv,parquet}."
      })
  private Path data = Path.of("");

  @Mixin private TaskOptions task = new TaskOptions();

  @Mixin private ExampleDataOptions examples = new ExampleDataOptions();

  @Option(
      names = "--max-seq-length",
      paramLabel = "N",
      description =
          "Language models: maximum sequence length in tokens; longer examples are truncated"
              + " (default: the model's limit; at most 2048 for plain text).")
  @Range(from = 2, to = Range.MANY)
  private Optional<Integer> maxTokens = Optional.empty();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Mixin private ColumnOptions columns = new ColumnOptions();

  @Option(
      names = "--gate",
      paramLabel = "FILE",
      arity = "0..1",
      fallbackValue = "",
      description =
          "Judge the adapter on the held-out --data instead: the loss falls, the adapter has an"
              + " effect, completions stop. Exit status 1 if it fails. With general texts in FILE,"
              + " also limit forgetting.")
  private Optional<String> gate = Optional.empty();

  @Mixin private GateLimitOptions gateLimits = new GateLimitOptions();

  @Option(
      names = "--report",
      paramLabel = "FILE.html",
      description =
          "Tasks on texts: also write the metrics as a page with the confusion matrix, the"
              + " reliability diagram or the predicted numbers.")
  private Optional<Path> report = Optional.empty();

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    Path path = model.endsWith(".pt") ? Path.of(model) : References.resolve(model);
    if (TorchScriptModel.isAt(path)) {
      List.of(
              "--max-seq-length",
              "--columns",
              "--strict",
              "--encoding",
              "--chat-template",
              "--quantize",
              "--double-quant",
              "--dequantize",
              "--dtype",
              "--gate")
          .forEach(name -> refuse(name, "applies to language models; this is a TorchScript file"));
      refuse("--report", "applies to tasks on texts; this is a TorchScript file");
      evaluateScript(path);
      return 0;
    }
    List.of("--output", "--image-size", "--mean", "--std", "--label")
        .forEach(name -> refuse(name, "applies to TorchScript files; this is a language model"));
    Map<String, Path> directories = adapters.resolve();
    if (task.ofTexts().isPresent()
        || directories.values().stream().anyMatch(TaskDescription::isAt)) {
      List.of("--gate", "--chat-template")
          .forEach(name -> refuse(name, "applies to text generation; this is a task on texts"));
      evaluateTask(path, directories);
      return 0;
    }
    refuse("--report", "applies to tasks on texts; this is text generation");
    task.refuseForGeneration();
    return evaluateText(path) ? 0 : 1;
  }

  private void refuse(String option, String why) {
    if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
      throw new UserError(option + " " + why);
    }
  }

  /** Returns whether the adapter passes the gate, if it is to be judged. */
  private boolean evaluateText(Path directory) {
    try (ChatModel net = adapters.open(directory, chatTemplate.file(), weights.storage())) {
      if (gate.isPresent()) {
        Optional<Path> general = gate.filter(file -> !file.isEmpty()).map(Path::of);
        TextData heldOut = TextData.open(data, columns.options()).evaluation();
        return new TextGate(net, heldOut, general, gateLimits.limits(), maxTokens)
            .run(workers, output);
      }
      net.activate(net.adapterNames());
      new TextEvaluation(net, TextData.open(data, columns.options()).evaluation(), maxTokens)
          .run(workers, output);
      return true;
    }
  }

  private void evaluateTask(Path directory, Map<String, Path> directories) {
    if (directories.size() != 1) {
      throw new UserError("a task on texts is evaluated with one --adapter; give one");
    }
    refuse("--classes", "does not apply: the adapter names its classes");
    Path adapter = directories.values().iterator().next();
    try (AdaptedTask model =
        AdaptedTask.open(ModelFiles.at(directory), adapter, weights.storage())) {
      model.load("adapter", adapter, adapters.check(), task.ofTexts());
      new TaskEvaluation(model, "adapter", columns.options(), maxTokens, report)
          .run(data, adapter, workers, output);
    }
  }

  private void evaluateScript(Path file) {
    examples.set(task);
    Map<String, Path> directories = adapters.resolve();
    try (TorchScriptModel net = TorchScriptModel.load(file);
        Workers group = new Workers(workers);
        Examples loaded = examples.load(data, workers, directories.values())) {
      examples.selectOutput(net);
      loaded.warnings().forEach(warning -> output.messages().println("Warning: " + warning));
      LoraModel adapted = Lora.base(net);
      directories.forEach((name, directory) -> adapted.load(name, directory, adapters.check()));
      adapted.activate(directories.keySet().toArray(String[]::new));
      net.train(false);
      ExampleTraining.checkOutputs(net, loaded);
      print(loaded.task().evaluate(net, loaded.test(), group));
    }
  }

  private void print(TestScore score) {
    output.show(
        score::fill,
        out -> score.figures().forEach((name, figure) -> out.printf("  %-12s %s%n", name, figure)));
  }
}
