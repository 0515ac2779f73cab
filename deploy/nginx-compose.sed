# Turns nginx.conf into that of compose.yaml. The names of replicas are resolved again every 5 s, since a new container
# may have another address.
s|^pid nginx.pid;|pid /tmp/nginx/nginx.pid;|
s|^error_log error.log warn;|error_log /dev/stderr warn;|
s|access_log access.log console;|access_log /dev/stdout console;|
s|server 127.0.0.1:8001 max_fails=0;|zone console 64k;\n        resolver 127.0.0.11 valid=5s;\n        server web-1:8000 max_fails=0 resolve;|
s|server 127.0.0.1:8002 max_fails=0;|server web-2:8000 max_fails=0 resolve;|
s|listen 127.0.0.1:8080;|listen 80;\n        listen 443 ssl;\n        ssl_certificate /run/secrets/tls_certificate;\n        ssl_certificate_key /run/secrets/tls_key;\n        ssl_protocols TLSv1.2 TLSv1.3;\n        if ($scheme = http) {\n            return 308 https://$host$request_uri;\n        }|
