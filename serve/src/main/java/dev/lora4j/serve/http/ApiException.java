package dev.lora4j.serve.http;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.nn.NotFinite;
import dev.lora4j.serve.engine.BrokenAdapter;
import dev.lora4j.serve.engine.QueueFull;
import dev.lora4j.serve.engine.UnknownModel;
import dev.lora4j.serve.jobs.JobRefusal;
import org.jspecify.annotations.Nullable;

/** A refusal with its HTTP status, in OpenAI's terms. */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String type;
  private final @Nullable String param;
  private final @Nullable String code;

  public ApiException(
      int status, String type, String message, @Nullable String param, @Nullable String code) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
  }

  /** A wrong parameter: 400. */
  public static ApiException invalid(String param, String message) {
    return new ApiException(400, "invalid_request_error", message, param, null);
  }

  /** A request that is wrong as a whole: 400. */
  public static ApiException invalid(String message) {
    return new ApiException(400, "invalid_request_error", message, null, null);
  }

  /** Returns the answer to a failure; an internal error is logged, and its details are not sent. */
  public static ApiException of(Throwable failure) {
    if (failure instanceof ApiException known) {
      return known;
    }
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof UnknownModel) {
      return new ApiException(404, "invalid_request_error", message, "model", "model_not_found");
    }
    if (failure instanceof BrokenAdapter) {
      return invalid("model", message);
    }
    if (failure instanceof QueueFull) {
      return new ApiException(429, "rate_limit_error", message, null, "rate_limit_exceeded");
    }
    if (AtomicFile.isDiskFull(failure)) {
      return new ApiException(
          507, "server_error", "the server's disk is full", null, "insufficient_storage");
    }
    if (failure instanceof JobRefusal refusal) {
      return switch (refusal.kind()) {
        case UNKNOWN -> new ApiException(404, "invalid_request_error", message, null, null);
        case CONFLICT -> invalid(message);
        case TOO_LARGE -> new ApiException(413, "invalid_request_error", message, null, null);
        case TOO_MANY -> new ApiException(429, "rate_limit_error", message, null, "too_many_jobs");
      };
    }
    if (failure instanceof UserError || failure instanceof CorruptFile) {
      return invalid(message);
    }
    if (failure instanceof NotFinite) {
      return new ApiException(500, "server_error", message, null, "not_finite");
    }
    System.getLogger(ApiException.class.getName())
        .log(System.Logger.Level.ERROR, "a request failed", failure);
    return new ApiException(
        500, "server_error", "the server failed to process the request", null, "internal_error");
  }

  public int status() {
    return status;
  }

  public ErrorBody body() {
    return new ErrorBody(String.valueOf(getMessage()), type, param, code);
  }
}
