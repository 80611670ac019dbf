package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A sparse mixture of experts (Shazeer et al. 2017, arXiv:1701.06538, §2): a router sends each
 * token to the K of E gated units with the largest probabilities, and adds their outputs with these
 * weights:
 *
 * <pre>
 * p = softmax(router(x)),   y = Σ p_e · down_e(f(gate_e(x)) · up_e(x))   over the top K of p
 * </pre>
 *
 * <p>The weights of all experts are stacked, as in transformers 5.
 */
public final class SparseExperts extends FeedForward {
  private final ExpertsConfig config;
  private final Parameter router; // [E, H]
  private final Parameter gateAndUp; // [E, 2 F, H], the gates first
  private final Parameter down; // [E, H, F]

  public SparseExperts(ExpertsConfig c) {
    config = c;
    DecoderBlock experts = new DecoderBlock();
    gateAndUp =
        experts.parameter(
            "gate_up_proj",
            Init.kaimingUniform(c.experts(), 2L * c.intermediateSize(), c.hiddenSize()));
    down =
        experts.parameter(
            "down_proj", Init.kaimingUniform(c.experts(), c.hiddenSize(), c.intermediateSize()));
    child("experts", experts);
    DecoderBlock gate = new DecoderBlock();
    router = gate.parameter("weight", Init.kaimingUniform(c.experts(), c.hiddenSize()));
    child("gate", gate);
  }

  /** The experts of each token and their weights, {@code [n, K]}. */
  private record Routes(Tensor weights, Tensor experts) {}

  @Override
  public Tensor forward(Tensor x) {
    Tensor rows = x.reshape(-1, config.hiddenSize()); // [n, H]
    Routes routes = route(rows);
    List<List<Long>> places = placesByExpert(Ops.longs(routes.experts()));
    TensorVector inner = gateAndUp.tensor().unbind(0);
    TensorVector outer = down.tensor().unbind(0);
    Tensor flatWeights = routes.weights().reshape(-1, 1);
    Tensor y = torch.zeros_like(rows);
    for (int expert = 0; expert < config.experts(); expert++) {
      long[] found = places.get(expert).stream().mapToLong(Long::longValue).toArray();
      if (found.length > 0) {
        Tensor chosen = onDevice(found, x); // places in [n · K]
        Tensor tokens = torch.floor_divide(chosen, new Scalar(config.perToken()));
        Tensor output = expert(rows.index_select(0, tokens), inner.get(expert), outer.get(expert));
        y = y.index_add(0, tokens, output.mul(flatWeights.index_select(0, chosen)));
      }
    }
    return y.view(x.sizes());
  }

  /** Sends each of n tokens to K experts. */
  private Routes route(Tensor rows) {
    Tensor probabilities =
        torch.linear(rows, router.tensor()).to(ScalarType.Float).softmax(-1); // [n, E]
    Tensor experts = torch.topk(probabilities.detach(), config.perToken()).get1(); // [n, K]
    Tensor weights = probabilities.gather(-1, experts);
    if (config.normalised()) {
      weights = weights.div(Ops.sumOfRows(weights));
    }
    return new Routes(weights.to(rows.scalar_type()), experts);
  }

  private List<List<Long>> placesByExpert(long... experts) {
    List<List<Long>> places = new ArrayList<>();
    for (int i = 0; i < config.experts(); i++) {
      places.add(new ArrayList<>());
    }
    for (int place = 0; place < experts.length; place++) {
      places.get((int) experts[place]).add((long) place);
    }
    return places;
  }

  private static Tensor onDevice(long[] places, Tensor like) {
    return Ops.tensor(places).to(like.device(), ScalarType.Long);
  }

  /** {@code [m, H]} to the same shape. */
  private Tensor expert(Tensor x, Tensor gateAndUp, Tensor down) {
    List<Tensor> parts =
        SelfAttention.parts(
            List.of(torch.linear(x, gateAndUp)),
            config.intermediateSize(),
            config.intermediateSize());
    return torch.linear(Ops.gated(config.activation(), parts.get(0), parts.get(1)), down);
  }

  @Override
  DecoderModules.FeedForward modules() {
    return new DecoderModules.Experts(config, router, gateAndUp, down);
  }
}
