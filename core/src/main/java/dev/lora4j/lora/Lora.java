package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.AdapterPlan;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.TargetResolver;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.init.OriginalWeights;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Device;

/** Adds LoRA to a network: freezes everything and replaces each target by an adapted layer. */
public final class Lora {
  private Lora() {}

  /**
   * Adapts a network in place.
   *
   * @throws dev.lora4j.UserError if a target matches no layer that can be adapted; the message
   *     lists the nearest paths
   */
  public static LoraModel adapt(Module network, LoraConfig config) {
    return adapt(network, config, line -> {});
  }

  /** Adapts all linear layers in place, reports each, and moves the network to a device. */
  public static LoraModel adapt(
      Module network, int rank, double alpha, Device device, Consumer<String> report) {
    LoraModel adapted = adapt(network, LoraConfig.rank(rank).alpha(alpha), report);
    network.to(device);
    return adapted;
  }

  /** Adapts a network in place and reports each replaced layer; an adapted one is not changed. */
  public static LoraModel adapt(Module network, LoraConfig config, Consumer<String> report) {
    Optional<AdapterRegistry> adapted = registry(network);
    if (adapted.isPresent()) {
      report.accept("Model already contains LoRALinear layers.");
      return new LoraModel(network, adapted.get());
    }
    LoraModel model = new LoraModel(network, new AdapterRegistry());
    for (String path : model.add(LoraLayer.DEFAULT, config)) {
      report.accept("Replaced " + path + " with LoRALinear layer.");
    }
    model.activate(LoraLayer.DEFAULT);
    return model;
  }

  /**
   * Adapts a network in place with an adapter initialised from its layers' inputs for these
   * examples.
   *
   * @param config with {@link Initialization.Eva}
   * @throws dev.lora4j.UserError if the network is already adapted or the examples are too few
   */
  public static LoraModel adapt(Module network, LoraConfig config, List<EvaBatch> batches) {
    if (registry(network).isPresent()) {
      throw new UserError("the network is already adapted; add an adapter to its LoraModel");
    }
    LoraModel model = new LoraModel(network, new AdapterRegistry());
    model.add(LoraLayer.DEFAULT, config, batches);
    model.activate(LoraLayer.DEFAULT);
    return model;
  }

  /**
   * Adapts a quantised network in place with an adapter initialised from what quantisation has
   * taken from its weights (LoftQ).
   *
   * @param config with {@link Initialization.Loftq}
   * @param originals the weights before quantisation
   * @throws dev.lora4j.UserError if the network is already adapted or not quantised
   */
  public static LoraModel adaptByLoftq(
      Module network, LoraConfig config, OriginalWeights originals) {
    if (registry(network).isPresent()) {
      throw new UserError("the network is already adapted; add an adapter to its LoraModel");
    }
    LoraModel model = new LoraModel(network, new AdapterRegistry());
    model.add(LoraLayer.DEFAULT, config, originals);
    model.activate(LoraLayer.DEFAULT);
    return model;
  }

  /**
   * Returns the layers and parameters that an adapter of this config would train, without changing
   * the network.
   *
   * @throws dev.lora4j.UserError if a name or a pattern matches nothing
   */
  public static AdapterPlan plan(Module network, LoraConfig config) {
    return TargetResolver.plan(network, config);
  }

  /** Freezes a network and returns it as a model without adapters. */
  public static LoraModel base(Module network) {
    return new LoraModel(network, registry(network).orElseGet(AdapterRegistry::new));
  }

  /** Returns the adapters of a network that is already adapted. */
  private static Optional<AdapterRegistry> registry(Module network) {
    return BaseModules.adapted(network).entrySet().stream()
        .findFirst()
        .map(layer -> registry(layer.getKey(), layer.getValue()));
  }

  private static AdapterRegistry registry(String path, LoraLayer layer) {
    if (layer.active() instanceof AdapterRegistry registry) {
      return registry;
    }
    throw new UserError(
        "'" + path + "' is a LoraLinear without a model: replace it by its Linear first");
  }
}
