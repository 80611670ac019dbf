package dev.lora4j.nn.runtime;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.CodeSource;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * The directory into which JavaCPP extracts native libraries. JavaCPP replaces files and links
 * there if another BLAS library is chosen, which crashes processes that have them mapped (SIGBUS).
 * So each BLAS library has a directory of its own, and only one process fills it.
 */
final class NativeCache {
  /** Read by JavaCPP. */
  static final String DIRECTORY = "org.bytedeco.javacpp.cachedir";

  private static final String OTHER_NAME = "org.bytedeco.javacpp.cacheDir";
  private static final String LOCK = ".lora4j.lock";
  private static final String COMPLETE = ".complete-";

  private NativeCache() {}

  /** Selects the directory {@code lora4j-BLAS} in JavaCPP's own, for libraries loaded from now. */
  static void choose(String blas) {
    String usual = Path.of(System.getProperty("user.home"), ".javacpp", "cache").toString();
    String parent = System.getProperty(DIRECTORY, System.getProperty(OTHER_NAME, usual));
    String name = "lora4j-" + blas.replaceAll("\\W", "_");
    System.setProperty(DIRECTORY, Path.of(parent, name).toString());
  }

  /** Returns the directory that was selected, absolute. */
  static Path chosen() {
    return Path.of(System.getProperty(DIRECTORY)).toAbsolutePath().normalize();
  }

  /** Loads the libraries; while they are not all extracted, other processes wait. */
  static <T> T guard(Supplier<T> load) {
    try {
      return guard(Loader.getCacheDir().toPath(), source(), load);
    } catch (IOException | OverlappingFileLockException e) {
      return load.get(); // JavaCPP reports a directory that can't be used
    }
  }

  /**
   * Loads the libraries of one source.
   *
   * @param source identifies the jars
   */
  static <T> T guard(Path directory, String source, Supplier<T> load) throws IOException {
    Path complete = directory.resolve(COMPLETE + Integer.toHexString(source.hashCode()));
    if (Files.exists(complete)) {
      return load.get();
    }
    try (FileChannel channel =
            FileChannel.open(
                directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      T loaded = load.get();
      Files.writeString(complete, source);
      return loaded;
    }
  }

  private static String source() throws IOException {
    CodeSource source = torch.class.getProtectionDomain().getCodeSource();
    if (source == null) {
      return "unknown";
    }
    URL jar = source.getLocation();
    try {
      return jar + " " + Files.getLastModifiedTime(Path.of(jar.toURI()));
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      return jar.toString();
    }
  }
}
