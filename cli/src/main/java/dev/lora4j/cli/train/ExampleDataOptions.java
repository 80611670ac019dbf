package dev.lora4j.cli.train;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.Range;
import dev.lora4j.tables.TableFolder;
import dev.lora4j.torchscript.TorchScriptModel;
import dev.lora4j.vision.ImageFolder;
import dev.lora4j.vision.ImageSplits;
import dev.lora4j.vision.Normalization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The task of a TorchScript model, and the preprocessing of its examples. */
public final class ExampleDataOptions {
  private static final String IMAGES = "image-classification";
  private static final String TABLES = "table-classification";
  private static final String NUMBERS = "table-regression";
  static final List<String> TASKS = List.of(IMAGES, TABLES, NUMBERS);

  private String task = IMAGES;
  private List<String> classes = List.of();

  @Option(
      names = "--image-size",
      paramLabel = "N",
      description =
          "Side in pixels to which images are resized (default: the size of the first image).")
  @Range(from = 1, to = 4096)
  private @Nullable Integer size;

  @Option(
      names = "--mean",
      paramLabel = "X,…",
      split = ",",
      hideParamSyntax = true,
      description =
          "Mean subtracted from pixels in [0, 1], one value or one per channel (default: 0.5).")
  @Range
  private List<Double> mean = new ArrayList<>(List.of(0.5));

  @Option(
      names = "--std",
      paramLabel = "X,…",
      split = ",",
      hideParamSyntax = true,
      description =
          "Standard deviation that pixels are divided by, one value or one per channel (default:"
              + " 0.5).")
  @Range(above = 0)
  private List<Double> std = new ArrayList<>(List.of(0.5));

  @Option(
      names = "--label",
      paramLabel = "COLUMN",
      description =
          "Tables: target column, a class or a number; all other columns are numeric" + DEFAULT)
  private String label = "label";

  @Option(
      names = "--output",
      paramLabel = "NAME",
      description =
          "Output of a network that returns several: a dictionary's key, a named tuple's field, or a"
              + " tuple's element, from 0 (default: logits).")
  private @Nullable String output;

  /**
   * Sets the task and its classes.
   *
   * @throws UserError if the task is one on texts
   */
  public void set(TaskOptions options) {
    if (options.ofTexts().isPresent()) {
      throw new UserError(
          "--task "
              + options.ofTexts().get().word()
              + " needs a model of texts, no TorchScript file");
    }
    task = options.word().orElse(IMAGES);
    classes = options.classes();
  }

  /** Returns the task and its classes by name, which a resumed run must share. */
  Map<String, String> settings(Task kind) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("task", task);
    settings.put("output", output == null ? "default" : output);
    settings.put("classes", String.join(",", kind.classNames()));
    if (task.equals(IMAGES)) {
      settings.put("pixels", "size %s, mean %s, std %s".formatted(size, mean, std));
    } else {
      settings.put("label", label);
    }
    return settings;
  }

  /** Selects the network's output. */
  public void selectOutput(TorchScriptModel net) {
    if (output != null) {
      net.selectOutput(output);
    }
  }

  /** Reads all examples, labelled by the given classes, if there are any. */
  public Examples load(Path data, int threads) {
    return load(data, threads, List.of());
  }

  /**
   * Reads all examples, labelled by the given classes, else by those saved with adapters.
   *
   * @throws UserError if the adapters were trained with other classes
   */
  public Examples load(Path data, int threads, Collection<Path> adapters) {
    if (task.equals(NUMBERS) && !classes.isEmpty()) {
      throw new UserError("--classes does not apply to " + NUMBERS);
    }
    List<String> names = ClassNames.forAdapters(classes, adapters);
    return switch (task) {
      case IMAGES -> images(data, threads, names);
      case TABLES -> tables(data, names);
      case NUMBERS -> numbers(data);
      default ->
          throw new UserError("--task: unknown task '" + task + "'" + NearMiss.hint(task, TASKS));
    };
  }

  private Examples tables(Path data, List<String> names) {
    TableFolder.Splits tables = TableFolder.at(data, label).labeledBy(names).load();
    return examples(tables, new Task.Classes(tables.classes()));
  }

  private Examples numbers(Path data) {
    return examples(TableFolder.at(data, label).loadNumbers(), new Task.Quantity());
  }

  private static Examples examples(TableFolder.Splits tables, Task task) {
    return new Examples(
        tables.train(), Optional.empty(), tables.test(), task, List.of(), tables::close);
  }

  private Examples images(Path data, int threads, List<String> names) {
    ImageFolder folder = ImageFolder.at(data).labeledBy(names).normalizedBy(normalization());
    ImageSplits images = (size == null ? folder : folder.resizedTo(size, size)).load(threads);
    return new Examples(
        images.train(),
        Optional.empty(),
        images.test(),
        new Task.Classes(images.classes()),
        images.warnings(),
        images::close);
  }

  private Normalization normalization() {
    boolean fits = mean.size() == std.size() && (mean.size() == 1 || mean.size() == 3);
    if (!fits) {
      throw new UserError(
          "--mean and --std: expected one value each or three; found %s and %s"
              .formatted(mean, std));
    }
    return new Normalization(mean, std);
  }
}
