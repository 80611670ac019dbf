package dev.lora4j.nn.runtime;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** A thread's random numbers: initial values and dropout masks follow from the seed alone. */
public final class ThreadRng implements AutoCloseable {
  private static final ContextVar<ThreadRng> CURRENT = ContextVar.ofThread();

  static {
    Engine.start();
  }

  private final Generator generator;
  private final GeneratorOptional asOptional;

  /** Creates a generator seeded with 0. */
  public ThreadRng() {
    generator = torch.createCPUGenerator(0);
    generator.retainReference();
    asOptional = new GeneratorOptional(generator);
    asOptional.retainReference();
  }

  /** Returns the calling thread's generator, null if it draws from libtorch's default one. */
  public static @Nullable ThreadRng current() {
    return CURRENT.get();
  }

  /** Binds the generator to the calling thread until {@link #leave}. */
  public void enter() {
    CURRENT.set(this);
  }

  /** Unbinds the generator from the calling thread. */
  public void leave() {
    CURRENT.set(null);
  }

  /** Restarts the sequence from a seed. */
  public void seed(long seed) {
    generator.set_current_seed(seed);
  }

  /** The generator, as an argument of libtorch's functions. */
  public GeneratorOptional generator() {
    return asOptional;
  }

  /** Returns the state, from which the same numbers follow; the caller's scope owns it. */
  public Tensor state() {
    return generator.get_state();
  }

  /** Returns to an earlier state. */
  public void restore(Tensor state) {
    generator.set_state(state);
  }

  /**
   * Returns a dropout mask like this tensor: 0 where dropped, {@code 1 / (1 − p)} elsewhere. It
   * takes one number from the generator.
   */
  public Tensor mask(Tensor like, double probability) {
    Tensor seed = torch.empty(new long[] {1}, torch.dtype(torch.ScalarType.Long), null);
    seed.random_(asOptional);
    Tensor mask = torch.empty(new long[] {like.numel()});
    if (like.numel() > 0) { // an empty tensor has no address
      new DropoutMask(seed.item_long(), probability)
          .write(new FloatPointer(mask.data_ptr()), like.numel());
    }
    return mask.view(like.sizes()).to(like.device(), like.scalar_type());
  }

  @Override
  public void close() {
    asOptional.deallocate();
    generator.deallocate();
  }
}
