package dev.lora4j.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Optional;

/**
 * Ctrl-C does something else than end the program, until this is closed. Where the Java that runs
 * knows no signals, Ctrl-C stays what it is.
 */
final class CtrlC implements AutoCloseable {
  private final Optional<Object> before;

  private CtrlC(Optional<Object> before) {
    this.before = before;
  }

  /** Takes Ctrl-C over. */
  static CtrlC runs(Runnable action) {
    try {
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object ours =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  action.run();
                }
                return null;
              });
      return new CtrlC(Optional.ofNullable(handle(ours)));
    } catch (ReflectiveOperationException e) {
      return new CtrlC(Optional.empty()); // a Java without sun.misc
    }
  }

  /** Sets a handler and returns the one before. */
  private static Object handle(Object handler) throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Method handle = signal.getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"));
    return handle.invoke(null, signal.getConstructor(String.class).newInstance("INT"), handler);
  }

  @Override
  public void close() {
    if (before.isPresent()) {
      try {
        handle(before.get());
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("Ctrl-C can't be given back", e);
      }
    }
  }
}
