package dev.lora4j.nn;

/**
 * Which library multiplies matrices: MKL where its jar ({@code org.bytedeco:mkl}) is on the class
 * path, else OpenBLAS. MKL is the quicker one, the more so where matrices have few rows, but for a
 * single row.
 */
public final class Blas {
  private static final String PROPERTY = "org.bytedeco.openblas.load"; // read by JavaCPP's preset
  private static final String MKL = "/org/bytedeco/mkl/global/mkl_rt.class";
  private static volatile boolean singleRows;

  private Blas() {}

  /**
   * Keeps to OpenBLAS even where there is MKL: for a program that writes texts, which multiplies
   * matrices by single rows. Has an effect only before the {@link Engine} has started.
   */
  public static void preferSingleRows() {
    singleRows = true;
  }

  static void choose() {
    boolean chosen = System.getProperty(PROPERTY) != null;
    if (!chosen && !singleRows && Blas.class.getResource(MKL) != null) {
      System.setProperty(PROPERTY, "mkl_rt");
    }
  }
}
