package dev.lora4j.serve.api;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers requests that are not valid HTTP in OpenAI's form too. */
public final class HttpErrors extends ErrorHandler {
  private static final int SERVER_ERROR = 500;
  private static final String JSON = "application/json";

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, JSON);
    response.write(true, body(code, message), callback);
  }

  @Override
  public ByteBuffer badMessageError(
      int status, @Nullable String reason, HttpFields.Mutable fields) {
    fields.put(HttpHeader.CONTENT_TYPE, JSON);
    return body(status, reason);
  }

  private static ByteBuffer body(int status, @Nullable String message) {
    String type = status >= SERVER_ERROR ? "server_error" : "invalid_request_error";
    String text = message == null ? "HTTP status " + status : message;
    return ByteBuffer.wrap(Json.bytes(new ErrorBody(text, type, null, null).json()));
  }
}
