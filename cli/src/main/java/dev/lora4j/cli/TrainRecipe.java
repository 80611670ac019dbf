package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.ModelPath;
import dev.lora4j.cli.train.LanguageTraining;
import dev.lora4j.cli.train.TrainPaths;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.TrainingArguments;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The options file of {@code lora train} as a recipe, for programs that train elsewhere. */
public final class TrainRecipe {
  private static final String CPU = "cpu";

  private TrainRecipe() {}

  /**
   * Reads a file for {@code lora train --config}. Its {@code data} and {@code out} are not used:
   * the program sets its own.
   *
   * @throws UserError naming the line of an unknown option, or the file if the run is no
   *     fine-tuning of a language model, resumes, or needs another device than the CPU
   */
  public static FineTuneRecipe read(Path file) {
    return training(file).recipe();
  }

  /**
   * Returns all options of a run, defaults included, for the {@code run.yaml} that {@code lora
   * train --resume} reads. Paths are absolute, since the run is elsewhere.
   *
   * @param file the file for {@code lora train --config}
   * @param settings of the run, which depend on the model too
   * @throws UserError as {@link #read}
   */
  public static Map<String, Object> options(Path file, TrainingArguments settings) {
    Map<String, Object> options = training(file).options(settings);
    options.replaceAll(
        (name, value) ->
            value instanceof Path path ? path.toAbsolutePath().normalize().toString() : value);
    return options;
  }

  private static LanguageTraining training(Path file) {
    TrainCommand empty = new TrainCommand();
    Main.configured(empty).parseArgs("--config=" + file);
    TrainCommand command = empty.configured(file);
    if (command.model.isEmpty()) {
      throw new UserError(file + ": 'model' is required");
    }
    if (ModelPath.isScript(command.model)) {
      throw new UserError(
          file + ": a TorchScript file is trained on one machine; give a language model");
    }
    LanguageTraining training =
        command.languageTraining(new TrainPaths(command.model, file, file, CPU), Optional.empty());
    if (training.given().containsKey("task")) {
      throw new UserError(
          file + ": 'task' is trained on one machine; leave it out to train a language model");
    }
    Object device = training.given().getOrDefault("device", CPU);
    if (!device.equals(CPU)) {
      throw new UserError(
          "%s: a cluster trains on CPUs; leave out 'device', found '%s'".formatted(file, device));
    }
    return training;
  }
}
