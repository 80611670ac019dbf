package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that start at the same time extract and load native libraries safely. */
class NativeCacheTest {

  @Test
  void librariesAreExtractedUnderALockOnce(@TempDir Path directory) throws IOException {
    Path lockFile = directory.resolve(".lora4j.lock");
    assertThat(
            NativeCache.guard(
                directory,
                "a.jar",
                () -> {
                  assertThatThrownBy(() -> lock(lockFile).close())
                      .isInstanceOf(OverlappingFileLockException.class);
                  return "loaded";
                }))
        .isEqualTo("loaded");

    try (FileLock held = lock(lockFile)) {
      assertThat(NativeCache.guard(directory, "a.jar", () -> "again")).isEqualTo("again");
      assertThatThrownBy(() -> NativeCache.guard(directory, "b.jar", () -> "other"))
          .isInstanceOf(OverlappingFileLockException.class);
    }
  }

  private static FileLock lock(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE).lock();
  }

  @Test
  void failedLoadLeavesTheDirectoryIncomplete(@TempDir Path directory) {
    assertThatThrownBy(
            () ->
                NativeCache.guard(
                    directory,
                    "a.jar",
                    () -> {
                      throw new UnsatisfiedLinkError("absent");
                    }))
        .isInstanceOf(UnsatisfiedLinkError.class);
    assertThat(directory.toFile().list()).containsExactly(".lora4j.lock");
  }

  /**
   * JavaCPP waits forever if one thread initialises {@code Pointer} while another loads a library
   * whose own initialisation needs {@code Pointer}.
   */
  @Test
  @Timeout(120)
  void pointerIsInitialisedFirstAndTheDirectoryIsThatOfTheBlasLibrary() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+init=info",
                "-cp",
                System.getProperty("java.class.path"),
                Started.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> output;
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      output = lines.lines().toList();
    }
    assertThat(process.waitFor()).isZero();
    assertThat(output.stream().map(line -> line.replaceFirst(".*Initializing '([^']*)'.*", "$1")))
        .containsSubsequence(
            "org/bytedeco/javacpp/Pointer", "org/bytedeco/openblas/global/openblas")
        .containsSubsequence("org/bytedeco/javacpp/Pointer", "org/bytedeco/pytorch/global/torch");
    assertThat(output).anyMatch(line -> line.matches("libraries in lora4j-(mkl_rt|openblas)"));
  }

  /** A process that only loads the native libraries and prints their directory. */
  static final class Started {
    private Started() {}

    public static void main(String[] arguments) throws IOException {
      Engine.start();
      System.out.println("libraries in " + Loader.getCacheDir().getName());
    }
  }
}
