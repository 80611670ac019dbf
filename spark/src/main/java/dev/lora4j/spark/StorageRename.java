package dev.lora4j.spark;

import java.io.IOException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/**
 * Renames a finished file or directory, which replaces one of its name. A file is replaced in one
 * step where the file system can; {@link FileSystem#rename} of HDFS does not overwrite.
 */
final class StorageRename {
  private StorageRename() {}

  static void replace(FileSystem files, Path from, Path to) throws IOException {
    if (!files.exists(to)) {
      rename(files, from, to);
    } else if (files.getFileStatus(from).isDirectory()) {
      replaceDirectory(files, from, to);
    } else if (files instanceof RawLocalFileSystem && files.rename(from, to)) {
      return; // a local disk overwrites
    } else {
      replaceFile(files, from, to);
    }
  }

  private static void replaceDirectory(FileSystem files, Path from, Path to) throws IOException {
    Path earlier = new Path(to.getParent(), ".earlier-" + to.getName());
    files.delete(earlier, true);
    rename(files, to, earlier);
    rename(files, from, to);
    files.delete(earlier, true);
  }

  private static void replaceFile(FileSystem files, Path from, Path to) throws IOException {
    try {
      FileContext.getFileContext(files.getUri(), files.getConf())
          .rename(from, to, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException | UnsupportedOperationException e) {
      files.delete(to, false);
      rename(files, from, to);
    }
  }

  private static void rename(FileSystem files, Path from, Path to) throws IOException {
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
  }
}
