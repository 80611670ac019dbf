package dev.lora4j.cli;

import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.script.TorchScriptModel;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Examines a saved model, with or without an adapter. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Counts how many test examples a saved model gets right, or how far off it is.",
      ""
    },
    footer = {"", "Example:", "  lora eval --model net.pt --adapter my-adapter --data my-images"})
final class EvalCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "A TorchScript file: a program, so one from somebody you trust.")
  private Path model = Path.of("");

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "An adapter directory; the bare model unless given.")
  private Optional<Path> adapter = Optional.empty();

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description =
          "Images: a folder or zip of {train,test}/{class}/*.{jpg,png}. Tables: a folder with"
              + " {train,test}.{csv,parquet}.")
  private Path data = Path.of("");

  @Mixin private ExampleOptions examples = new ExampleOptions();

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share the examples.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Print one JSON object; all else goes to stderr.")
  private boolean json;

  @Override
  public Integer call() {
    try (TorchScriptModel net = TorchScriptModel.load(model);
        Workers group = new Workers(workers);
        Examples loaded = examples.load(data, workers)) {
      PrintStream story = json ? System.err : System.out;
      loaded.warnings().forEach(warning -> story.println("Warning: " + warning));
      LoraModel adapted = Lora.base(net);
      adapter.ifPresent(
          directory -> {
            adapted.load("default", directory);
            adapted.activate("default");
          });
      net.train(false);
      ExampleTraining.checkOutputs(net, loaded);
      tell(loaded.goal().examine(net, loaded.test(), group));
    }
    return 0;
  }

  private void tell(Score score) {
    if (json) {
      JsonLine.print(System.out, score::fill);
      return;
    }
    score.figures().forEach((name, figure) -> System.out.printf("  %-12s %s%n", name, figure));
  }
}
