package dev.lora4j.nn.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The BLAS library: MKL if its jar ({@code org.bytedeco:mkl}) is on the class path, else OpenBLAS,
 * which is slower except for single rows on processors that are not Intel's.
 */
public final class Blas {
  /** Read by JavaCPP's preset. */
  static final String PROPERTY = "org.bytedeco.openblas.load";

  static final String MKL_LIBRARY = "mkl_rt";
  private static final String MKL = "/org/bytedeco/mkl/global/mkl_rt.class";
  private static volatile boolean singleRows;

  private Blas() {}

  /** Prefers OpenBLAS off Intel's processors, for decoding; must precede the {@link Engine}. */
  public static void preferSingleRows() {
    singleRows = true;
  }

  /** Chooses the library and returns its name. */
  static String choose() {
    boolean chosen = System.getProperty(PROPERTY) != null;
    boolean others = singleRows && !isIntels();
    if (!chosen && !others && Blas.class.getResource(MKL) != null) {
      System.setProperty(PROPERTY, MKL_LIBRARY);
    }
    return System.getProperty(PROPERTY, "openblas");
  }

  /** Reads the processor's vendor from Linux, the only system with an MKL jar. */
  private static boolean isIntels() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.anyMatch(line -> line.endsWith("GenuineIntel"));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }
}
