package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.models.script.TorchScriptModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains an adapter for a saved model; what is done depends on what kind of model it is. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Trains an adapter for a saved model on your data, and writes it in PEFT's format. The model"
          + " stays as it is.",
      ""
    },
    footer = {
      "",
      "Example:",
      "  lora train --model net.pt --data my-images --size 32 --targets fc1,fc2 --out my-adapter"
    })
final class TrainCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "A TorchScript file: a program, so one from somebody you trust.")
  private Path model = Path.of("");

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
  @Mixin private AdapterOptions adapter = new AdapterOptions();
  @Mixin private TrainingOptions training = new TrainingOptions();

  @Option(names = "--json", description = "Print one JSON object; all else goes to stderr.")
  private boolean json;

  @Override
  public Integer call() {
    if (model.toString().endsWith(".safetensors") || model.toFile().isDirectory()) {
      throw new UserError(
          "train takes a TorchScript file today, found " + model + "; see docs/torchscript.md");
    }
    PrintStream story = json ? System.err : System.out;
    try (TorchScriptModel net = TorchScriptModel.load(model);
        ExampleTraining run = new ExampleTraining(net, data, examples, training, story)) {
      ExampleTrainingResult result = run.train(adapter.config());
      if (json) {
        JsonLine.print(System.out, result::fill);
      }
    }
    return 0;
  }
}
