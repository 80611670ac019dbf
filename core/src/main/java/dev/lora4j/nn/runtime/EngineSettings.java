package dev.lora4j.nn.runtime;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * The system properties that JavaCPP reads when its first class is initialised: memory limits, the
 * BLAS library and the directory of native libraries.
 */
public final class EngineSettings {
  private static final List<String> LIMITS =
      List.of("org.bytedeco.javacpp.maxphysicalbytes", "org.bytedeco.javacpp.maxbytes");
  private static final boolean UNLIMITED;
  private static final String BLAS;

  static {
    // Mapped files count as memory in use, so JavaCPP's own limit would refuse large checkpoints.
    LIMITS.forEach(limit -> System.getProperties().putIfAbsent(limit, "0"));
    UNLIMITED = LIMITS.stream().allMatch(limit -> System.getProperty(limit).equals("0"));
    BLAS = Blas.choose();
    NativeCache.choose(BLAS);
  }

  private EngineSettings() {}

  /**
   * Sets the properties, once. The {@link Engine} does so when it starts; a program whose other
   * threads use JavaCPP in the meantime does so before.
   */
  public static void apply() {
    // The static initialiser does it.
  }

  /**
   * Logs a warning if JavaCPP was in use before the properties were set, so that it has others.
   *
   * @param byMkl whether MKL multiplies matrices
   */
  static void warnIfIgnored(boolean byMkl) {
    List<String> ignored = new ArrayList<>();
    if (UNLIMITED && (Pointer.maxBytes() > 0 || Pointer.maxPhysicalBytes() > 0)) {
      ignored.add(
          "memory is limited to %,d MB, mapped model files included"
              .formatted(Math.max(Pointer.maxBytes(), Pointer.maxPhysicalBytes()) >> 20));
    }
    if (BLAS.equals(Blas.MKL_LIBRARY) && !byMkl) {
      ignored.add("OpenBLAS multiplies matrices instead of MKL");
    }
    if (!cacheDirectory().equals(NativeCache.chosen())) {
      ignored.add("native libraries are extracted to " + cacheDirectory());
    }
    if (!ignored.isEmpty()) {
      System.getLogger(EngineSettings.class.getName()).log(Level.WARNING, message(ignored));
    }
  }

  private static String message(List<String> ignored) {
    return """
        JavaCPP was used before lora4j, whose settings it now ignores: %s. \
        Call Engine.start() before anything else uses JavaCPP, or start Java with \
        -D%s=0 -D%s=0 -D%s=%s -D%s=%s"""
        .formatted(
            String.join("; ", ignored),
            LIMITS.get(0),
            LIMITS.get(1),
            Blas.PROPERTY,
            BLAS,
            NativeCache.DIRECTORY,
            NativeCache.chosen().getParent());
  }

  private static Path cacheDirectory() {
    try {
      return Loader.getCacheDir().toPath().toAbsolutePath().normalize();
    } catch (IOException e) {
      return NativeCache.chosen(); // JavaCPP reports a directory that can't be used
    }
  }
}
