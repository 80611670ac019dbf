package dev.lora4j.serve.engine;

/** A request names a model or an adapter that the server does not have. */
public final class UnknownModel extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int MAX_SHOWN = 256; // characters of the name

  UnknownModel(String name, String hint) {
    super("The model `" + shown(name) + "` does not exist" + hint);
  }

  private static String shown(String name) {
    return name.length() <= MAX_SHOWN ? name : name.substring(0, MAX_SHOWN) + "…";
  }
}
