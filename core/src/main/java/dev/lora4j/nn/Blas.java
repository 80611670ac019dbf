package dev.lora4j.nn;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Which library multiplies matrices: MKL where its jar ({@code org.bytedeco:mkl}) is on the class
 * path, else OpenBLAS. MKL is the quicker one, the more so where matrices have few rows, but for a
 * single row on other processors than Intel's.
 */
public final class Blas {
  private static final String PROPERTY = "org.bytedeco.openblas.load"; // read by JavaCPP's preset
  private static final String MKL = "/org/bytedeco/mkl/global/mkl_rt.class";
  private static volatile boolean singleRows;

  private Blas() {}

  /**
   * Keeps to OpenBLAS even where there is MKL, but not on Intel's processors, where MKL is as good
   * at it: for a program that writes texts, which multiplies matrices by single rows. Has an effect
   * only before the {@link Engine} has started.
   */
  public static void preferSingleRows() {
    singleRows = true;
  }

  static void choose() {
    boolean chosen = System.getProperty(PROPERTY) != null;
    boolean others = singleRows && !isIntels();
    if (!chosen && !others && Blas.class.getResource(MKL) != null) {
      System.setProperty(PROPERTY, "mkl_rt");
    }
  }

  /** Whether Linux, which MKL's jar is for, says so of the processor. */
  private static boolean isIntels() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.anyMatch(line -> line.endsWith("GenuineIntel"));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }
}
