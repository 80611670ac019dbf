package dev.lora4j.spark;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A local disk under {@code strict:}, which renames like HDFS: onto no existing file, and {@code
 * origin.json} not at all in a directory of the name {@link #FULL}.
 */
public final class StrictFileSystem extends RawLocalFileSystem {
  static final String FULL = "full";

  @Override
  public URI getUri() {
    return URI.create("strict:///");
  }

  @Override
  public String getScheme() {
    return "strict";
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (to.getParent().getName().equals(FULL) && to.getName().equals("origin.json")) {
      throw new IOException("no space left");
    }
    return !exists(to) && super.rename(from, to);
  }

  /** The same disk for a FileContext, which can overwrite in one step. */
  public static final class Context extends DelegateToFileSystem {
    static int overwritten;

    public Context(URI uri, Configuration configuration) throws IOException, URISyntaxException {
      super(uri, new StrictFileSystem(), configuration, "strict", false);
    }

    @Override
    public void renameInternal(Path from, Path to, boolean overwrite) throws IOException {
      if (overwrite) {
        overwritten++;
      }
      java.nio.file.Files.move(
          java.nio.file.Path.of(from.toUri().getPath()),
          java.nio.file.Path.of(to.toUri().getPath()),
          java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public int getUriDefaultPort() {
      return -1;
    }
  }
}
