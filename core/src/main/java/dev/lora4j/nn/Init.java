package dev.lora4j.nn;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ContextVar;
import dev.lora4j.nn.runtime.Engine;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** PyTorch's default initialisations (He et al. 2015, arXiv:1502.01852). */
public final class Init {
  private static final ContextVar<Boolean> WITHOUT_VALUES = ContextVar.ofThread();

  static {
    Engine.start();
  }

  private Init() {}

  /** Creates a network on the meta device: without values, to be filled from a checkpoint. */
  public static <T extends Module> T withoutValues(Supplier<T> network) {
    WITHOUT_VALUES.set(true);
    try {
      return network.get();
    } finally {
      WITHOUT_VALUES.set(null);
    }
  }

  private static boolean isWithoutValues() {
    return WITHOUT_VALUES.get() != null;
  }

  private static Tensor withoutMemory(long... shape) {
    try (TensorOptions options = new TensorOptions(new Device("meta"))) {
      return torch.empty(shape, options, null);
    }
  }

  /**
   * Returns Kaiming-uniform values with {@code a = √5}, {@code U(−1/√fanIn, 1/√fanIn)}: the default
   * of PyTorch's linear and convolution weights and of LoRA's A.
   *
   * @param shape {@code [out, in, kernel…]}; fan-in is the product of all but the first
   */
  public static Tensor kaimingUniform(long... shape) {
    return uniformByFanIn(fanIn(shape), shape);
  }

  /** Returns {@code U(−1/√fanIn, 1/√fanIn)}, the default of PyTorch's biases too. */
  public static Tensor uniformByFanIn(long fanIn, long... shape) {
    if (isWithoutValues()) {
      return withoutMemory(shape);
    }
    double bound = 1 / Math.sqrt((double) fanIn);
    Tensor result = Ops.empty(shape);
    try (PointerScope scope = new PointerScope()) { // for the handle that libtorch returns
      result.uniform_(-bound, bound, Ops.generator());
    }
    return result;
  }

  /** Returns values of {@code N(mean, std²)}. */
  public static Tensor normal(double mean, double std, long... shape) {
    return isWithoutValues()
        ? withoutMemory(shape)
        : Ops.empty(shape).normal_(mean, std, Ops.generator());
  }

  /** Returns the product of all dimensions but the first. */
  public static long fanIn(long... shape) {
    long fanIn = 1;
    for (int i = 1; i < shape.length; i++) {
      fanIn *= shape[i];
    }
    return fanIn;
  }
}
