package dev.lora4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files under a common root, whether they lie in a directory or in an archive. */
sealed interface ImageTree extends AutoCloseable permits DirectoryTree, ZipTree {
  /** No image of a data set is larger; what claims to be is a trap or a mistake. */
  int MAX_FILE_BYTES = 64 << 20;

  /** Opens a directory or a zip archive. */
  static ImageTree open(Path root) {
    return Files.isDirectory(root) ? new DirectoryTree(root) : ZipTree.open(root);
  }

  /**
   * Names relative to the root with {@code /} between the parts, in no particular order; a folder's
   * ends with one.
   */
  List<String> names();

  /** One file's content. Safe for use by many threads. */
  byte[] read(String name) throws IOException;

  @Override
  void close();
}
