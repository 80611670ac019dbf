package dev.lora4j.serve.engine;

/** A request names a model or an adapter that the server does not have. */
public final class UnknownModel extends RuntimeException {
  private static final long serialVersionUID = 1;

  UnknownModel(String name, String hint) {
    super("The model `" + name + "` does not exist" + hint);
  }
}
