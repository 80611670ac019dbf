package dev.lora4j.spark.submit;

import dev.lora4j.cli.TrainRecipe;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.spark.RecipeFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;

/**
 * The recipe of an options file, whose text is sent to the executors.
 *
 * @param name of the file, for messages
 */
record YamlRecipe(String name, String text) implements RecipeFactory {
  private static final long serialVersionUID = 1;

  @Override
  public FineTuneRecipe create() {
    return fromFile(TrainRecipe::read);
  }

  @Override
  public Map<String, Object> options(TrainingArguments settings) {
    return fromFile(file -> TrainRecipe.options(file, settings));
  }

  private <T> T fromFile(Function<Path, T> reader) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora4j-recipe");
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary)) {
      Path file = scratch.path().resolve(name);
      AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
      return reader.apply(file);
    }
  }
}
