package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.transformer.DecoderModules;
import dev.lora4j.llm.model.transformer.ExpertsConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.GatedActivation;
import dev.lora4j.nn.kernel.LinearWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** A sparse mixture of experts in plain memory. */
record ExpertWeights(
    ExpertsConfig config, FusedLinear router, List<FusedLinear> gateAndUp, List<FusedLinear> down)
    implements FeedForwardWeights {

  /** An expert of a token, and the weight of its output. */
  record Route(int expert, float weight) {}

  /**
   * Returns the weights of the experts; empty unless they are float32 in plain CPU memory.
   *
   * @param made whether active adapters are added to the weights now, in the caller's pointer scope
   */
  static Optional<ExpertWeights> of(DecoderModules.Experts modules, boolean made) {
    Optional<FusedLinear> router = memory(modules.router(), made).flatMap(ExpertWeights::linear);
    List<FusedLinear> gateAndUp = each(memory(modules.gateAndUp(), made));
    List<FusedLinear> down = each(memory(modules.down(), made));
    int experts = modules.config().experts();
    return router.isPresent() && gateAndUp.size() == experts && down.size() == experts
        ? Optional.of(new ExpertWeights(modules.config(), router.get(), gateAndUp, down))
        : Optional.empty();
  }

  private static Optional<Tensor> memory(Parameter parameter, boolean made) {
    Optional<Tensor> own = parameter.memory();
    return own.isEmpty() && made ? Optional.of(parameter.tensor()) : own;
  }

  private static List<FusedLinear> each(Optional<Tensor> stacked) {
    return stacked.stream()
        .flatMap(all -> LongStream.range(0, all.size(0)).mapToObj(e -> all.select(0, e)))
        .flatMap(weight -> linear(weight).stream())
        .toList();
  }

  private static Optional<FusedLinear> linear(Tensor weight) {
    return LinearWeights.of(weight, Optional.empty()).map(layer -> new FusedLinear(List.of(layer)));
  }

  @Override
  public int gatesAndUps() {
    return 2 * config.intermediateSize();
  }

  @Override
  public GatedActivation activation() {
    return config.activation();
  }

  @Override
  public Stream<FusedLinear> products() {
    return Stream.of(Stream.of(router), gateAndUp.stream(), down.stream()).flatMap(all -> all);
  }

  /** Returns the experts of a token by the outputs of its router, the first one the likeliest. */
  List<Route> routes(FloatVector routerOutputs) {
    float[] probabilities = softmax(routerOutputs);
    List<Route> routes = new ArrayList<>();
    boolean[] taken = new boolean[probabilities.length];
    float sum = 0;
    for (int i = 0; i < config.perToken(); i++) {
      int best = -1;
      for (int expert = 0; expert < probabilities.length; expert++) {
        if (!taken[expert] && (best < 0 || probabilities[expert] > probabilities[best])) {
          best = expert;
        }
      }
      taken[best] = true;
      sum += probabilities[best];
      routes.add(new Route(best, probabilities[best]));
    }
    float divisor = config.normalised() ? sum : 1;
    return routes.stream()
        .map(route -> new Route(route.expert(), route.weight() / divisor))
        .toList();
  }

  private float[] softmax(FloatVector outputs) {
    float[] probabilities = new float[config.experts()];
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < probabilities.length; i++) {
      largest = Math.max(largest, outputs.get(i));
    }
    double sum = 0;
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] = (float) Math.exp(outputs.get(i) - largest);
      sum += probabilities[i];
    }
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] /= (float) sum;
    }
    return probabilities;
  }
}
