package dev.lora4j.nn;

import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Random numbers of one thread's own: what is dropped in its forwards follows from the seed alone,
 * whatever other threads draw at the same time.
 */
public final class OwnRandom implements AutoCloseable {
  private static final ContextVar<OwnRandom> CURRENT = ContextVar.ofThread();

  static {
    Engine.start();
  }

  private final Generator generator;
  private final GeneratorOptional asOptional;

  /** A source that is seeded with 0. */
  public OwnRandom() {
    generator = torch.createCPUGenerator(0);
    generator.retainReference();
    asOptional = new GeneratorOptional(generator);
    asOptional.retainReference();
  }

  static @Nullable OwnRandom current() {
    return CURRENT.get();
  }

  /** Lets the calling thread draw from here, until {@link #leave}. */
  public void enter() {
    CURRENT.set(this);
  }

  /** Lets the calling thread draw from where all threads do again. */
  public void leave() {
    CURRENT.set(null);
  }

  /** Begins anew. */
  public void seed(long seed) {
    generator.set_current_seed(seed);
  }

  /** Where it stands, to draw the same again; the caller's scope owns it. */
  public Tensor state() {
    return generator.get_state();
  }

  /** Goes back to where it stood. */
  public void restore(Tensor state) {
    generator.set_state(state);
  }

  /** Zero where an element is dropped, {@code 1 / (1 − p)} elsewhere; of this tensor's shape. */
  Tensor mask(Tensor like, double probability) {
    Tensor kept = torch.empty_like(like.detach()).cpu(); // where the generator is
    kept.bernoulli_(1 - probability, asOptional);
    kept.mul_(new Scalar(1 / (1 - probability)));
    return kept.to(like.device(), like.scalar_type());
  }

  @Override
  public void close() {
    asOptional.deallocate();
    generator.deallocate();
  }
}
