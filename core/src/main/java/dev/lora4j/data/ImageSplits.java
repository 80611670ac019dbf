package dev.lora4j.data;

import java.util.ArrayList;
import java.util.List;

/**
 * What a source of images gave: the images to train on, the images to test on, and what the user
 * should know about the rest. Closing it closes both sets.
 *
 * @param train the images to train on
 * @param test the images to test on, of the same classes and size
 * @param skipped images that could not be read, in order
 * @param resized how many images had another size than the set
 */
public record ImageSplits(ImageSet train, ImageSet test, List<Skipped> skipped, long resized)
    implements AutoCloseable {
  private static final List<String> USUAL = List.of("bird", "cat", "dog");
  private static final int SHOWN = 3;

  /** An image that was left out, and why. */
  public record Skipped(String name, String reason) {
    @Override
    public String toString() {
      return name + " (" + reason + ")";
    }
  }

  public ImageSplits {
    skipped = List.copyOf(skipped);
  }

  /** Splits with nothing to tell about them. */
  static ImageSplits of(ImageSet train, ImageSet test) {
    return new ImageSplits(train, test, List.of(), 0);
  }

  /** Names of all classes, in the order of the labels. */
  public List<String> classes() {
    return train.classes();
  }

  /**
   * The classes to fine-tune on when the user names none: bird, cat and dog where all three exist,
   * else the last three.
   */
  public List<String> fineTuneClasses() {
    List<String> classes = classes();
    return classes.containsAll(USUAL)
        ? USUAL
        : classes.subList(Math.max(0, classes.size() - USUAL.size()), classes.size());
  }

  /** What to tell the user, a sentence each; empty when all went well. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (!skipped.isEmpty()) {
      List<String> first = skipped.stream().limit(SHOWN).map(Skipped::toString).toList();
      String more = skipped.size() > SHOWN ? ", …" : "";
      warnings.add("skipped " + counted(skipped.size()) + ": " + String.join(", ", first) + more);
    }
    if (resized > 0) {
      ImageShape shape = train.shape();
      warnings.add(
          "resized "
              + counted(resized)
              + " to "
              + shape.width()
              + "×"
              + shape.height()
              + " pixels");
    }
    return warnings;
  }

  private static String counted(long images) {
    return images + (images == 1 ? " image" : " images");
  }

  @Override
  public void close() {
    train.close();
    test.close();
  }
}
