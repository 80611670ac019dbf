package dev.lora4j.vision;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;

/**
 * An image data set in folders, {@code {train,test}/{class}/*.jpg} (or .jpeg, .png), in a directory
 * or a zip archive. An image that does not decode is skipped and reported; others are resized.
 */
public final class ImageFolder implements ImageSource {
  private final Path root;
  private final Optional<ImageShape> shape;
  private final Normalization normalization;
  private final List<String> classes;

  private ImageFolder(
      Path root, Optional<ImageShape> shape, Normalization normalization, List<String> classes) {
    this.root = root;
    this.shape = shape;
    this.normalization = normalization;
    this.classes = List.copyOf(classes);
  }

  /** Returns the images of a directory or a zip archive, at the size of the first image. */
  public static ImageFolder at(Path root) {
    return new ImageFolder(root, Optional.empty(), Normalization.HALF, List.of());
  }

  public ImageFolder resizedTo(int height, int width) {
    return new ImageFolder(
        root, Optional.of(new ImageShape(3, height, width)), normalization, classes);
  }

  /** Returns these images with another normalisation; the default maps to [−1, 1]. */
  public ImageFolder normalizedBy(Normalization normalization) {
    return new ImageFolder(root, shape, normalization, classes);
  }

  /**
   * Returns these images labelled by the position of their folder's name among these classes, such
   * as the outputs of a network; a class may have no folder. By default the folders are the
   * classes, sorted by name.
   */
  public ImageFolder labeledBy(List<String> classes) {
    return new ImageFolder(root, shape, normalization, classes);
  }

  @Override
  public String describe() {
    return "images of " + root;
  }

  @Override
  public ImageSplits load(int threads) {
    try (ImageTree tree = ImageTree.open(root);
        PointerScope scope = new PointerScope()) {
      FolderLayout folders = FolderLayout.of(root, tree.names());
      FolderLayout layout = classes.isEmpty() ? folders : folders.labeledBy(root, classes);
      ImageShape common = shape.orElseGet(() -> firstShape(tree, layout.train()));
      DecodedImages train = DecodedImages.of(tree, layout.train(), common, threads);
      DecodedImages test = DecodedImages.of(tree, layout.test(), common, threads);
      List<ImageSplits.Skipped> skipped = new ArrayList<>(train.skipped());
      skipped.addAll(test.skipped());
      List<String> present = folders.classes();
      return ImageSplits.of(
              set("train", layout, present, train), () -> set("test", layout, present, test))
          .with(skipped, train.resized() + test.resized());
    }
  }

  private ImageSet set(
      String split, FolderLayout layout, List<String> present, DecodedImages decoded) {
    try {
      return ImageSet.of(
          decoded.images(), decoded.labels(), layout.classes(), present, normalization);
    } catch (UserError e) {
      String skipped = decoded.skipped().isEmpty() ? "" : "; skipped: " + decoded.skipped().get(0);
      throw new UserError(split + "/ of " + root + ": " + e.getMessage() + skipped, e);
    }
  }

  private ImageShape firstShape(ImageTree tree, List<FolderLayout.Item> items) {
    String problem = "";
    try (ImageDecoder decoder = new ImageDecoder()) {
      for (FolderLayout.Item item : items) {
        try {
          RgbImage first = decoder.decode(tree.read(item.name()));
          return new ImageShape(3, first.height(), first.width());
        } catch (IOException e) {
          problem = item.name() + ": " + e.getMessage();
        }
      }
    }
    throw new UserError(
        "none of the " + items.size() + " images in train/ of " + root + " decodes; " + problem);
  }
}
