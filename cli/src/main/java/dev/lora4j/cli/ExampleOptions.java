package dev.lora4j.cli;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.data.ImageFolder;
import dev.lora4j.data.ImageSplits;
import dev.lora4j.data.Normalization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** Where the examples of a classifier are, and how they become numbers. */
final class ExampleOptions {
  private static final String IMAGES = "image-classification";
  private static final List<String> TASKS = List.of(IMAGES);

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      description = "Folder or zip of {train,test}/{class}/*.{jpg,png}.")
  private Path data = Path.of("");

  @Option(names = "--task", paramLabel = "TASK", description = "image-classification.")
  private String task = IMAGES;

  @Option(
      names = "--size",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description = "Images are resized to N × N pixels; to the first one's size unless given.")
  private int size;

  @Option(
      names = "--mean",
      paramLabel = "X",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description = "Pixels in [0, 1] become (x − mean) / std: one number, or one a channel; 0.5.")
  private List<Double> mean = new ArrayList<>(List.of(0.5));

  @Option(
      names = "--std",
      paramLabel = "X",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description = "See --mean; 0.5.")
  private List<Double> std = new ArrayList<>(List.of(0.5));

  Path data() {
    return data;
  }

  /** Reads all examples. */
  Examples load(int threads) {
    if (!task.equals(IMAGES)) {
      throw new UserError("--task: no task '" + task + "'" + NearMiss.hint(task, TASKS));
    }
    ImageFolder folder = ImageFolder.at(data).normalizedBy(normalization());
    if (size < 0) {
      throw new UserError("--size must be at least 1, found " + size);
    }
    ImageSplits images = (size == 0 ? folder : folder.resizedTo(size, size)).load(threads);
    return new Examples(
        images.train(), images.test(), images.classes(), images.warnings(), images::close);
  }

  private Normalization normalization() {
    boolean fits = mean.size() == std.size() && (mean.size() == 1 || mean.size() == 3);
    if (!fits || std.stream().anyMatch(s -> !(s > 0))) {
      throw new UserError(
          "--mean and --std: expected one number each or three, and stds above 0; found %s and %s"
              .formatted(mean, std));
    }
    return new Normalization(mean, std);
  }
}
