run lambda { |env|
  sleep 0.5 if env["PATH_INFO"] == "/slow"
  [200, { "Content-Type" => "text/plain", "Content-Length" => "12" }, ["hello world\n"]]
}
