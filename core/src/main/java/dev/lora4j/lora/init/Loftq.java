package dev.lora4j.lora.init;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.AdapterPlan;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.StartingDelta;
import dev.lora4j.lora.layer.Svd;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.TransposedWeights;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * LoftQ (Li et al. 2023, <a href="https://arxiv.org/abs/2310.08659">arXiv:2310.08659</a>, algorithm
 * 1): a quantised weight Q and a first A and B whose sum is near the original weight W. From {@code
 * A = B = 0} it alternates
 *
 * <pre>
 * Q   ← quantised(W − s B A)
 * B A ← the largest singular values of (W − Q) / s
 * </pre>
 *
 * <p>with the adapter's scaling s, which PEFT leaves out: there, {@code Q + s B A} is near W only
 * if s is 1. The first Q is the base as it is, so that one iteration changes no weight of the base.
 */
public final class Loftq implements AutoCloseable {
  private final Map<String, Factors> factors = new LinkedHashMap<>();

  /** The first A, {@code [rank, in]}, and B, {@code [out, rank]}, of a layer. */
  private record Factors(Tensor a, Tensor b) {}

  private Loftq() {}

  /**
   * Decomposes what quantisation has taken from each target. After several iterations, the base's
   * layers are replaced by others, quantised anew.
   *
   * @param base with quantised layers
   * @throws UserError if no target is quantised, or the config's bits are not those of the base
   */
  public static Loftq prepare(
      Module base, LoraConfig config, AdapterPlan plan, OriginalWeights originals) {
    if (!(config.initialization() instanceof Initialization.Loftq how)) {
      throw new UserError(
          "original weights are for init_lora_weights = loftq, found "
              + config.initialization().word());
    }
    Loftq loftq = new Loftq();
    try {
      plan.layers().forEach(layer -> again(layer).ifPresent(again -> check(layer, again, how)));
      for (AdapterPlan.Layer layer : plan.layers()) {
        again(layer).ifPresent(again -> loftq.add(base, layer, again, how, originals));
      }
      if (loftq.factors.isEmpty()) {
        throw new UserError(
            "loftq: none of the target modules is quantised; load the base with --quantize nf4, or"
                + " initialise in another way");
      }
      return loftq;
    } catch (RuntimeException | Error e) {
      loftq.close();
      throw e;
    }
  }

  private static Optional<Requantization> again(AdapterPlan.Layer layer) {
    return Requantization.of(quantized(layer.module()));
  }

  /** Refuses a target before another layer of the base is changed. */
  private static void check(
      AdapterPlan.Layer layer, Requantization again, Initialization.Loftq how) {
    if (again.bits() != how.bits()) {
      throw new UserError(
          "loftq_bits is %d, but the base has %d bits at '%s'"
              .formatted(how.bits(), again.bits(), layer.path()));
    }
    if (how.iterations() > 1 && !again.canQuantize()) {
      throw new UserError(
          "loftq: '%s' is in %s, to which lora4j can't quantise; use one iteration, which leaves the base as it is"
              .formatted(layer.path(), quantized(layer.module()).describe()));
    }
    requireRank(layer);
  }

  private static WeightStore quantized(Module layer) {
    WeightStore store = ((WeightedLayer) layer).store();
    return store instanceof TransposedWeights transposed ? transposed.transpose() : store;
  }

  private void add(
      Module base,
      AdapterPlan.Layer layer,
      Requantization again,
      Initialization.Loftq how,
      OriginalWeights originals) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor weight = original(layer, originals);
      WeightStore store = quantized(layer.module());
      Svd top = residual(weight, store, layer);
      for (int i = 1; i < how.iterations(); i++) {
        Tensor product = top.u().mul(top.s()).mm(top.vt()); // s B A
        free(store);
        store = again.quantize(weight.sub(product));
        top = residual(weight, store, layer);
      }
      if (how.iterations() > 1) {
        base.replace(layer.path(), over(store, layer.module()));
      }
      factors.put(layer.path(), factors(top, layer.scaling()));
    }
  }

  private static void requireRank(AdapterPlan.Layer layer) {
    long[] shape = ((WeightedLayer) layer.module()).store().shape();
    if (layer.rank() > Math.min(shape[0], shape[1])) {
      throw new UserError(
          "loftq: the rank at '%s', %d, exceeds the smaller side of its weight, %d"
              .formatted(layer.path(), layer.rank(), Math.min(shape[0], shape[1])));
    }
  }

  /** Returns the original weight, {@code [out, in]} in float32. */
  private static Tensor original(AdapterPlan.Layer layer, OriginalWeights originals) {
    Tensor found = originals.weight(layer.path());
    long[] expected = ((WeightedLayer) layer.module()).store().shape();
    if (!Arrays.equals(Ops.shape(found), expected)) {
      throw new UserError(
          "loftq: the original weight of '%s' has shape %s, the base %s: it is another model's"
              .formatted(
                  layer.path(), Arrays.toString(Ops.shape(found)), Arrays.toString(expected)));
    }
    Tensor weight = found.detach().to(ScalarType.Float);
    return layer.module() instanceof TransposedLinear ? weight.t().contiguous() : weight;
  }

  /** Returns the largest singular values of {@code W − Q}. */
  private static Svd residual(Tensor weight, WeightStore store, AdapterPlan.Layer layer) {
    return Svd.of(weight.sub(store.dense())).top(layer.rank());
  }

  private static Factors factors(Svd top, double scaling) {
    Tensor root = top.s().div(new Scalar(scaling)).sqrt();
    return new Factors(Ops.keep(root.unsqueeze(1).mul(top.vt())), Ops.keep(top.u().mul(root)));
  }

  private static Module over(WeightStore store, Module layer) {
    return ((WeightedLayer) layer)
        .withStore(layer instanceof TransposedLinear ? new TransposedWeights(store) : store);
  }

  private static void free(WeightStore store) {
    store.parameters().values().forEach(Parameter::close);
  }

  /** Sets the first A and B of a new adapter. */
  public void initialize(Map<String, LoraDelta> deltas) {
    factors.forEach(
        (path, first) -> {
          if (deltas.get(path) instanceof StartingDelta delta) {
            delta.start(first.a(), first.b());
          }
        });
  }

  /** Frees the factors. */
  @Override
  public void close() {
    factors
        .values()
        .forEach(
            first -> {
              first.a().deallocate();
              first.b().deallocate();
            });
    factors.clear();
  }
}
