package dev.lora4j.vision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files under a common root, in a directory or an archive. */
sealed interface ImageTree extends AutoCloseable permits DirectoryTree, ZipTree {
  /** Bound on one file; a file that claims to be larger is a trap or a mistake. */
  int MAX_FILE_BYTES = 64 << 20;

  /** Opens a directory or a zip archive. */
  static ImageTree open(Path root) {
    return Files.isDirectory(root) ? new DirectoryTree(root) : ZipTree.open(root);
  }

  /** Returns the names below the root, in no particular order; a folder's ends with {@code /}. */
  List<String> names();

  /** Reads one file. Safe for use by many threads. */
  byte[] read(String name) throws IOException;

  @Override
  void close();
}
