# Turns nginx.conf into /etc/nginx/nginx.conf of Debian, with TLS.
s|^pid nginx.pid;|user www-data;\npid /run/nginx.pid;|
s|^error_log error.log warn;|error_log /var/log/nginx/error.log warn;|
s|access_log access.log console;|access_log /var/log/nginx/access.log console;|
s|_temp_path temp-|_temp_path /var/lib/nginx/|
s|listen 127.0.0.1:8080;|listen 80;\n        listen 443 ssl;\n        ssl_certificate /etc/console/tls_certificate;\n        ssl_certificate_key /etc/console/tls_key;\n        ssl_protocols TLSv1.2 TLSv1.3;\n        if ($scheme = http) {\n            return 308 https://$host$request_uri;\n        }|
