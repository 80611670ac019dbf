package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.io.PrintStream;
import java.util.Collection;
import java.util.List;

/**
 * The cost of training an adapter of a TorchScript model, as far as it is known without an input.
 *
 * @param baseBytes memory of the base's parameters
 * @param adapterBytes memory of the adapter, its gradient for each worker, and AdamW's two moments
 * @param leftOut sentences about layers that are not adapted
 */
public record ScriptCost(
    long baseParameters, long baseBytes, long adapterBytes, List<String> leftOut) {
  private static final String UNKNOWN =
      "Not known before the first batch: the memory of activations and the time of a step, which"
          + " depend on the program and the size of its inputs.";

  /** Returns the cost of a plan, with a worker for each core. */
  public static ScriptCost of(Module net, PlanListing plan, List<String> leftOut) {
    Collection<Parameter> parameters = net.namedParameters().values();
    int workers = Runtime.getRuntime().availableProcessors();
    return new ScriptCost(
        parameters.stream().mapToLong(Parameter::numel).sum(),
        parameters.stream().mapToLong(parameter -> parameter.value().nbytes()).sum(),
        plan.bytes() * (3 + workers),
        leftOut);
  }

  public void print(PrintStream out) {
    leftOut.forEach(out::println);
    out.printf(
        "Memory in training: %s for the base, %s for the adapter, its gradients and AdamW.%n%s%n",
        NumberFormats.bytes(baseBytes), NumberFormats.bytes(adapterBytes), UNKNOWN);
  }

  public void fill(ObjectNode root) {
    leftOut.forEach(root.withArray("notes")::add);
    root.putObject("memory")
        .put("base_bytes", baseBytes)
        .put("adapter_and_optimizer_bytes", adapterBytes)
        .putNull("activation_bytes");
    root.putNull("seconds_per_step");
  }
}
