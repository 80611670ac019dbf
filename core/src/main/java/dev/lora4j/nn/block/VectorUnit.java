package dev.lora4j.nn.block;

/**
 * Whether the JDK's Vector API can be used: a JVM has it with {@code --add-modules
 * jdk.incubator.vector}, and the CPU needs vectors of eight floats or more.
 */
public final class VectorUnit {
  private static final String MODULE = "jdk.incubator.vector";

  /** Whether loops use the Vector API. The results have the same bits with and without it. */
  public static final boolean IS_PRESENT =
      ModuleLayer.boot().findModule(MODULE).isPresent() && VectorLanes.suffice();

  private VectorUnit() {}
}
