package dev.lora4j.nn;

import org.bytedeco.javacpp.PointerScope;

/** Thrown where a computation gives NaN or infinity. The message names the cause if it is known. */
public final class NotFinite extends RuntimeException {
  private static final long serialVersionUID = 1;

  public NotFinite(String what) {
    super(what + " are not finite");
  }

  private NotFinite(NotFinite other, String why) {
    super(other.getMessage() + ": " + why, other);
  }

  /** Returns the same error with the first weight of the network that is not finite, if any. */
  public NotFinite in(Module network) {
    return network.namedParameters().entrySet().stream()
        .filter(parameter -> !isFinite(parameter.getValue()))
        .findFirst()
        .map(parameter -> new NotFinite(this, parameter.getKey() + " has NaN or infinity"))
        .orElseGet(
            () ->
                new NotFinite(
                    this,
                    "all weights are finite, so the settings in a config are wrong, or an adapter's"
                        + " scaling is too large"));
  }

  private static boolean isFinite(Parameter parameter) {
    try (PointerScope scope = new PointerScope()) {
      return parameter.value().isfinite().all().item_bool();
    }
  }
}
