package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.script.TorchScriptModel;
import dev.lora4j.models.talk.TextModel;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** Examines a saved model, with or without an adapter. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Counts how many test examples a saved model gets right, or how far off it is. Of a language"
          + " model it says how likely it finds the texts of a file: nll is the mean of -log p(token)"
          + " over the tokens that carry loss.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora eval --model net.pt --adapter my-adapter --data my-images",
      "  lora eval --model SmolLM2-135M --adapter bard --data held-out.jsonl --json"
    })
final class EvalCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description =
          "A TorchScript file: a program, so one from somebody you trust. Or a language model: a"
              + " directory as Hugging Face lays it out, a GGUF file, or org/name[@revision] on the Hub.")
  private String model = "";

  @Mixin private AdapterChoices adapters = new AdapterChoices();

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description =
          "Images: a folder or zip of {train,test}/{class}/*.{jpg,png}. Tables: a folder with"
              + " {train,test}.{csv,parquet}. Texts: a jsonl, json, csv, tsv, parquet or txt file.")
  private Path data = Path.of("");

  @Mixin private ExampleOptions examples = new ExampleOptions();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description =
          "Language models: longer examples are cut; the model's longest text unless given, blocks"
              + " of plain text at most 2048.")
  private Optional<Integer> maxTokens = Optional.empty();

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share the examples.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Print one JSON object; all else goes to stderr.")
  private boolean json;

  @Override
  public Integer call() {
    Path path = model.endsWith(".pt") ? Path.of(model) : References.resolve(model);
    if (TorchScriptModel.isAt(path)) {
      refuse("--max-tokens", "is for language models; this is a TorchScript file");
      examineScript(path);
    } else {
      List.of("--task", "--size", "--mean", "--std", "--label")
          .forEach(name -> refuse(name, "is for TorchScript files; this is a language model"));
      examineText(path);
    }
    return 0;
  }

  private void refuse(String option, String why) {
    if (parsed().hasMatchedOption(option)) {
      throw new UserError(option + " " + why);
    }
  }

  private ParseResult parsed() {
    return Objects.requireNonNull(spec).commandLine().getParseResult();
  }

  private void examineText(Path directory) {
    try (TextModel net = adapters.open(directory)) {
      net.activate(net.adapterNames());
      new TextEvaluation(net, data, maxTokens).run(workers, json);
    }
  }

  private void examineScript(Path file) {
    Map<String, Path> places = adapters.resolve();
    try (TorchScriptModel net = TorchScriptModel.load(file);
        Workers group = new Workers(workers);
        Examples loaded = examples.load(data, workers)) {
      PrintStream story = json ? System.err : System.out;
      loaded.warnings().forEach(warning -> story.println("Warning: " + warning));
      LoraModel adapted = Lora.base(net);
      places.forEach((name, directory) -> adapted.load(name, directory, adapters.check()));
      adapted.activate(places.keySet().toArray(String[]::new));
      net.train(false);
      ExampleTraining.checkOutputs(net, loaded);
      tell(loaded.goal().examine(net, loaded.test(), group));
    }
  }

  private void tell(Score score) {
    if (json) {
      JsonLine.print(System.out, score::fill);
      return;
    }
    score.figures().forEach((name, figure) -> System.out.printf("  %-12s %s%n", name, figure));
  }
}
