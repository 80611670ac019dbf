package dev.lora4j.nn.runtime;

/**
 * The system properties that JavaCPP reads when its first class is initialised: memory limits, the
 * BLAS library and the directory of native libraries.
 */
public final class EngineSettings {
  static {
    // Mapped files count as memory in use, so JavaCPP's own limit would refuse large checkpoints.
    System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxphysicalbytes", "0");
    System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxbytes", "0");
    NativeCache.choose(Blas.choose());
  }

  private EngineSettings() {}

  /**
   * Sets the properties, once. The {@link Engine} does so when it starts; a program whose other
   * threads use JavaCPP in the meantime does so before.
   */
  public static void apply() {
    // The static initialiser does it.
  }
}
